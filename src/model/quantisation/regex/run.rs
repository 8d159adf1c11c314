//! Runs the program of a pattern over a text, all its threads at once.

use std::cell::Cell;

use super::Step;

/// What matching may still cost; once it is used up nothing matches, and whoever asked says so.
#[derive(Debug)]
pub struct Work(Cell<u64>);

impl Default for Work {
    /// Thousands of times what the patterns of any checkpoint cost.
    fn default() -> Self {
        Self::new(20_000_000)
    }
}

impl Work {
    /// So many steps.
    pub const fn new(steps: u64) -> Self {
        Self(Cell::new(steps))
    }
    /// Takes so many steps; false where none are left.
    pub fn take(&self, steps: u64) -> bool {
        let left = self.0.get().saturating_sub(steps);
        self.0.set(left);
        left > 0
    }
    /// Whether all of it is used up.
    pub const fn is_over(&self) -> bool {
        self.0.get() == 0
    }
}

/// A text being matched.
pub struct Run<'a> {
    /// The text.
    pub text: &'a [u8],
    /// What is left to spend.
    pub work: &'a Work,
}

/// The steps a program stands at.
struct Threads {
    list: Vec<usize>,
    /// When each step was reached last.
    seen: Vec<usize>,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Self {
            list: Vec::new(),
            seen: vec![usize::MAX; steps],
        }
    }
}

impl Run<'_> {
    /// Whether a program matches from `from`, and ends at `until` if that is given.
    pub fn matches(&self, program: &[Step], from: usize, until: Option<usize>) -> bool {
        let (mut now, mut next) = (Threads::new(program.len()), Threads::new(program.len()));
        let mut at = from;
        if self.follow(&mut now, program, 0, at, until) {
            return true;
        }
        while let Some(&sign) = self.text.get(at) {
            if now.list.is_empty() || !self.work.take(1) {
                return false;
            }
            at += 1;
            for &step in &now.list {
                if let Some(Step::Byte(bytes)) = program.get(step)
                    && bytes.get(usize::from(sign)).is_some_and(|yes| *yes)
                    && self.follow(&mut next, program, step + 1, at, until)
                {
                    return true;
                }
            }
            std::mem::swap(&mut now, &mut next);
            next.list.clear();
        }
        false
    }

    /// Follows everything that reads no byte; true once the program is done.
    fn follow(&self, threads: &mut Threads, program: &[Step], first: usize, at: usize, until: Option<usize>) -> bool {
        let mut open = vec![first];
        while let Some(step) = open.pop() {
            match threads.seen.get_mut(step) {
                Some(seen) if *seen != at => *seen = at,
                _ => continue,
            }
            self.work.take(1);
            match program.get(step) {
                Some(Step::Found) if until.is_none_or(|until| until == at) => return true,
                Some(Step::Byte(_)) => threads.list.push(step),
                Some(&Step::Fork(one, other)) => open.extend([other, one]),
                Some(&Step::Go(to)) => open.push(to),
                Some(Step::Start) if at == 0 => open.push(step + 1),
                Some(Step::End) if at == self.text.len() => open.push(step + 1),
                Some(&Step::Edge(wanted)) if self.is_edge(at) == wanted => open.push(step + 1),
                Some(Step::Look { ahead, wanted, program }) => {
                    let found = if *ahead {
                        self.matches(program, at, None)
                    } else {
                        (0..=at).any(|from| self.matches(program, from, Some(at)))
                    };
                    if found == *wanted {
                        open.push(step + 1);
                    }
                }
                _ => {}
            }
        }
        false
    }

    fn is_edge(&self, at: usize) -> bool {
        let is_word = |at: Option<usize>| {
            at.and_then(|at| self.text.get(at))
                .is_some_and(|sign| sign.is_ascii_alphanumeric() || *sign == b'_')
        };
        is_word(at.checked_sub(1)) != is_word(Some(at))
    }
}
