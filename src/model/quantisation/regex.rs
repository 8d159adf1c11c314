//! Regular expressions as quantisers write them over names of modules, without backtracking.
//!
//! A pattern becomes a small program that runs over all its threads at once, so no input takes exponential time. Python's
//! syntax as far as names need it: classes, groups, alternatives, repeats, anchors, looking ahead and behind.

mod parse;
mod run;

pub use run::Work;

use parse::Node;
use run::Run;

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
    /// Letters that any match holds, in their order: what has them not is told quickly.
    letters: Vec<String>,
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
        let mut letters = vec![String::new()];
        required(&node, &mut letters);
        letters.retain(|run| !run.is_empty());
        Ok(Self {
            program,
            letters,
            digits: text.bytes().any(|sign| sign.is_ascii_digit()),
        })
    }

    /// Whether it matches from the beginning on (Python's `re.match`). `work` is what all matches together may cost.
    pub fn begins(&self, text: &str, work: &Work) -> bool {
        let run = Run {
            text: text.as_bytes(),
            work,
        };
        self.may_match(text, work) && run.matches(&self.program, 0, None)
    }

    /// Whether it matches anywhere (Python's `re.search`).
    pub fn occurs(&self, text: &str, work: &Work) -> bool {
        let run = Run {
            text: text.as_bytes(),
            work,
        };
        self.may_match(text, work) && (0..=text.len()).any(|from| run.matches(&self.program, from, None))
    }

    /// Whether a text has the letters that any match holds.
    fn may_match(&self, text: &str, work: &Work) -> bool {
        let mut rest = text;
        self.letters.iter().all(|letters| {
            work.take(1);
            match rest.find(letters.as_str()) {
                Some(at) => {
                    rest = rest.get(at + letters.len()..).unwrap_or_default();
                    true
                }
                None => false,
            }
        })
    }
}

/// Runs of letters that stand in any match of a pattern.
fn required(node: &Node, runs: &mut Vec<String>) {
    match node {
        Node::Byte(set) => {
            let mut wanted = set
                .iter()
                .zip(0_u8..=255)
                .filter(|(yes, _)| **yes)
                .map(|(_, byte)| byte);
            match (wanted.next(), wanted.next(), runs.last_mut()) {
                (Some(one), None, Some(run)) => run.push(char::from(one)),
                _ => runs.push(String::new()),
            }
        }
        Node::All(nodes) => nodes.iter().for_each(|one| required(one, runs)),
        Node::Repeat { of, least, .. } if *least > 0 => {
            required(of, runs);
            runs.push(String::new());
        }
        Node::Any(_) | Node::Repeat { .. } => runs.push(String::new()),
        // These read nothing, so what stands around them is together.
        Node::Empty | Node::Start | Node::End | Node::Edge(_) | Node::Look { .. } => {}
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
