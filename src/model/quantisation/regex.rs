//! Regular expressions as quantisers write them over names of modules, without backtracking.
//!
//! A pattern becomes a small program that runs over all its threads at once, so no input takes exponential time. Python's
//! syntax as far as names need it: classes, groups, alternatives, repeats, anchors, looking ahead and behind.

mod parse;

use std::cell::Cell;

use parse::Node;

/// Longer patterns are refused.
const LONGEST: usize = 2000;
/// No program has more steps.
const MOST_STEPS: usize = 4000;

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A byte of this set.
    Byte(Box<[bool; 256]>),
    /// Go on at both.
    Fork(usize, usize),
    /// Go on there.
    Go(usize),
    /// Only at the beginning.
    Start,
    /// Only at the end.
    End,
    /// Only where a word begins or ends, or only elsewhere.
    Edge(bool),
    /// Only where another program does, or does not, match from here, or up to here.
    Look {
        ahead: bool,
        wanted: bool,
        program: Vec<Step>,
    },
    /// Done.
    Found,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regex {
    program: Vec<Step>,
    /// Whether it names digits, so that one layer's index may match and another's not.
    pub digits: bool,
}

impl Regex {
    /// Reads a pattern; the error says what is not understood.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} letters"));
        }
        let node = parse::parse(text)?;
        let mut program = Vec::new();
        compile(&node, &mut program)?;
        program.push(Step::Found);
        Ok(Self {
            program,
            digits: text.bytes().any(|sign| sign.is_ascii_digit()),
        })
    }

    /// Whether it matches from the beginning on (Python's `re.match`). `work` is what all matches together may cost.
    pub fn begins(&self, text: &str, work: &Work) -> bool {
        Run {
            text: text.as_bytes(),
            work,
        }
        .matches(&self.program, 0, None)
    }

    /// Whether it matches anywhere (Python's `re.search`).
    pub fn occurs(&self, text: &str, work: &Work) -> bool {
        let run = Run {
            text: text.as_bytes(),
            work,
        };
        (0..=text.len()).any(|from| run.matches(&self.program, from, None))
    }
}

fn compile(node: &Node, out: &mut Vec<Step>) -> Result<(), String> {
    if out.len() > MOST_STEPS {
        return Err("it repeats too much".to_owned());
    }
    match node {
        Node::Empty => {}
        Node::Byte(set) => out.push(Step::Byte(set.clone())),
        Node::Start => out.push(Step::Start),
        Node::End => out.push(Step::End),
        Node::Edge(wanted) => out.push(Step::Edge(*wanted)),
        Node::Look { ahead, wanted, of } => {
            let mut program = Vec::new();
            compile(of, &mut program)?;
            program.push(Step::Found);
            out.push(Step::Look {
                ahead: *ahead,
                wanted: *wanted,
                program,
            });
        }
        Node::All(nodes) => {
            for one in nodes {
                compile(one, out)?;
            }
        }
        Node::Any(nodes) => {
            let mut ends = Vec::new();
            for (at, one) in nodes.iter().enumerate() {
                if at + 1 == nodes.len() {
                    compile(one, out)?;
                    continue;
                }
                let fork = out.len();
                out.push(Step::Fork(fork + 1, 0));
                compile(one, out)?;
                ends.push(out.len());
                out.push(Step::Go(0));
                let after = out.len();
                set(out, fork, Step::Fork(fork + 1, after));
            }
            let end = out.len();
            for at in ends {
                set(out, at, Step::Go(end));
            }
        }
        Node::Repeat { of, least, most } => {
            for _ in 0..*least {
                let before = out.len();
                compile(of, out)?;
                // Repeating nothing is nothing, however often.
                if out.len() == before {
                    break;
                }
            }
            match most {
                None => {
                    let fork = out.len();
                    out.push(Step::Fork(0, 0));
                    compile(of, out)?;
                    out.push(Step::Go(fork));
                    let after = out.len();
                    set(out, fork, Step::Fork(fork + 1, after));
                }
                Some(most) => {
                    let mut forks = Vec::new();
                    for _ in *least..*most {
                        forks.push(out.len());
                        out.push(Step::Fork(0, 0));
                        compile(of, out)?;
                    }
                    let end = out.len();
                    for fork in forks {
                        set(out, fork, Step::Fork(fork + 1, end));
                    }
                }
            }
        }
    }
    Ok(())
}

fn set(out: &mut [Step], at: usize, step: Step) {
    if let Some(place) = out.get_mut(at) {
        *place = step;
    }
}

/// What matching may still cost; once it is used up nothing matches, and whoever asked says so.
#[derive(Debug)]
pub struct Work(Cell<u64>);

impl Default for Work {
    /// Thousands of times what the patterns of any checkpoint cost.
    fn default() -> Self {
        Self::new(100_000_000)
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
struct Run<'a> {
    text: &'a [u8],
    work: &'a Work,
}

/// The steps a program stands at.
struct Threads {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Self {
            list: Vec::new(),
            seen: vec![false; steps],
        }
    }
}

impl Run<'_> {
    /// Whether a program matches from `from`, and ends at `until` if that is given.
    fn matches(&self, program: &[Step], from: usize, until: Option<usize>) -> bool {
        let mut now = Threads::new(program.len());
        let mut at = from;
        if self.follow(&mut now, program, 0, at, until) {
            return true;
        }
        while let Some(&sign) = self.text.get(at) {
            if now.list.is_empty() || !self.work.take(1 + program.len() as u64 / 16) {
                return false;
            }
            at += 1;
            let mut next = Threads::new(program.len());
            for &step in &now.list {
                if let Some(Step::Byte(bytes)) = program.get(step)
                    && bytes.get(usize::from(sign)).is_some_and(|yes| *yes)
                    && self.follow(&mut next, program, step + 1, at, until)
                {
                    return true;
                }
            }
            now = next;
        }
        false
    }

    /// Follows everything that reads no byte; true once the program is done.
    fn follow(&self, threads: &mut Threads, program: &[Step], first: usize, at: usize, until: Option<usize>) -> bool {
        let mut open = vec![first];
        while let Some(step) = open.pop() {
            match threads.seen.get_mut(step) {
                Some(seen) if !*seen => *seen = true,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(pattern: &str, text: &str) -> bool {
        Regex::new(pattern).is_ok_and(|regex| regex.begins(text, &Work::new(1_000_000)))
    }

    #[test]
    fn python_syntax_over_names() {
        let name = "model.layers.17.mlp.experts.0.gate_proj";
        for pattern in [
            ".*mlp.*",
            r".*\.(?:1[0-5]|17)\..*",
            r"^model\.layers\.\d+\.mlp\.experts\.\d+\.(gate|up|down)_proj$",
            r"(?!.*self_attn).*",
            r".*(?<!shared_)experts\..*",
            r"model\.layers\.[0-9]{2}\.",
            "(?i)MODEL",
            r".*\bmlp\b",
            r"(?P<a>model)\.[^.]+\.",
            "model.layers.1{1,2}7",
        ] {
            assert!(begins(pattern, name), "{pattern}");
        }
        for pattern in [
            "mlp",
            r".*\.(?:1[0-5])\..*",
            r"(?!.*mlp).*",
            r"model\.layers\.\d\.",
            r".*gate$",
            "model.layers.[^0-9]",
            r".*(?<!mlp\.)experts",
        ] {
            assert!(!begins(pattern, name), "{pattern}");
        }
        assert!(Regex::new("mlp").is_ok_and(|regex| regex.occurs(name, &Work::new(1_000_000))));
        for wrong in ["(", "a)", "[a", "*a", r"(a)\1", "a{9999}", r"(?<", "(?#x)", "x\\"] {
            assert!(Regex::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let text = "a".repeat(300);
        for pattern in [
            "(a+)+$x",
            "(a|a)*b",
            "(.*)*(.*)*(.*)*x",
            "(((a?){30}){30})b",
            "(?=.*(?=.*(?=.*(?=.*x))))",
            "(){1000}{1000}{1000}x",
        ] {
            let work = Work::new(50_000_000);
            if let Ok(regex) = Regex::new(pattern) {
                assert!(!regex.occurs(&text, &work), "{pattern}");
            }
        }
    }
}
