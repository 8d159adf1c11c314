//! From the text of a pattern to a tree.

/// A part of a pattern.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing.
    Empty,
    /// One byte of a set.
    Byte(Box<[bool; 256]>),
    /// The beginning of the text.
    Start,
    /// Its end.
    End,
    /// An edge of a word, or none.
    Edge(bool),
    /// What must, or must not, stand ahead or behind.
    Look { ahead: bool, wanted: bool, of: Box<Node> },
    /// One after the other.
    All(Vec<Node>),
    /// One of them.
    Any(Vec<Node>),
    /// Again and again.
    Repeat {
        of: Box<Node>,
        least: u32,
        most: Option<u32>,
    },
}

/// Groups inside groups.
const DEEPEST: u32 = 30;
/// The largest count in braces.
const MOST_REPEATS: u32 = 1000;

struct Reader<'a> {
    rest: &'a [u8],
    /// Whether letters match in either case.
    folded: bool,
}

type Read<T> = Result<T, String>;

/// Reads a pattern.
pub fn parse(text: &str) -> Read<Node> {
    if !text.is_ascii() {
        return Err("it has letters that no module has".to_owned());
    }
    let mut reader = Reader {
        rest: text.as_bytes(),
        folded: false,
    };
    let node = reader.any(0)?;
    match reader.rest {
        [] => Ok(node),
        _ => Err("a bracket is closed that was not opened".to_owned()),
    }
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn takes(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn any(&mut self, depth: u32) -> Read<Node> {
        if depth > DEEPEST {
            return Err("its groups are nested too deep".to_owned());
        }
        let mut choices = vec![self.all(depth)?];
        while self.takes("|") {
            choices.push(self.all(depth)?);
        }
        Ok(match choices.len() {
            1 => choices.pop().unwrap_or(Node::Empty),
            _ => Node::Any(choices),
        })
    }

    fn all(&mut self, depth: u32) -> Read<Node> {
        let mut nodes = Vec::new();
        while let Some(&sign) = self.rest.first() {
            if matches!(sign, b'|' | b')') {
                break;
            }
            let atom = self.atom(depth)?;
            nodes.push(self.repeats(atom)?);
        }
        Ok(Node::All(nodes))
    }

    fn repeats(&mut self, mut atom: Node) -> Read<Node> {
        loop {
            let (least, most) = match self.rest.first() {
                Some(b'*') => (0, None),
                Some(b'+') => (1, None),
                Some(b'?') => (0, Some(1)),
                Some(b'{') => match self.braces()? {
                    Some(range) => range,
                    None => return Ok(atom),
                },
                _ => return Ok(atom),
            };
            self.next();
            // Lazy and possessive repeats match the same names.
            if !self.takes("?") {
                self.takes("+");
            }
            if matches!(atom, Node::Start | Node::End | Node::Look { .. }) {
                return Err("it repeats what reads nothing".to_owned());
            }
            atom = Node::Repeat {
                of: Box::new(atom),
                least,
                most,
            };
        }
    }

    /// `{2}`, `{2,}`, `{2,5}` up to the closing brace, which is left; other braces are letters.
    fn braces(&mut self) -> Read<Option<(u32, Option<u32>)>> {
        let Some(end) = self.rest.iter().position(|sign| *sign == b'}') else {
            return Ok(None);
        };
        let inside = self.rest.get(1..end).unwrap_or_default();
        let text = std::str::from_utf8(inside).unwrap_or_default();
        let (least, most) = match text.split_once(',') {
            Some((least, most)) => (least, Some(most)),
            None => (text, None),
        };
        let number = |text: &str| text.parse::<u32>().ok();
        let range = match (number(least), most) {
            (Some(least), None) => (least, Some(least)),
            (Some(least), Some("")) => (least, None),
            (Some(least), Some(most)) => match number(most) {
                Some(most) if most >= least => (least, Some(most)),
                _ => return Err("its braces hold no range".to_owned()),
            },
            (None, Some(most)) if least.is_empty() => match number(most) {
                Some(most) => (0, Some(most)),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if range.0 > MOST_REPEATS || range.1.is_some_and(|most| most > MOST_REPEATS) {
            return Err("it repeats too much".to_owned());
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(Some(range))
    }

    fn atom(&mut self, depth: u32) -> Read<Node> {
        Ok(match self.next() {
            None => Node::Empty,
            Some(b'.') => Node::Byte(Box::new([true; 256])),
            Some(b'^') => Node::Start,
            Some(b'$') => Node::End,
            Some(b'(') => self.group(depth)?,
            Some(b'[') => self.class()?,
            Some(b'\\') => self.escape()?,
            Some(b'*' | b'+' | b'?') => return Err("it repeats nothing".to_owned()),
            Some(sign) => self.letter(sign),
        })
    }

    fn group(&mut self, depth: u32) -> Read<Node> {
        let look = |ahead, wanted| Some((ahead, wanted));
        let looks = if self.takes("?=") {
            look(true, true)
        } else if self.takes("?!") {
            look(true, false)
        } else if self.takes("?<=") {
            look(false, true)
        } else if self.takes("?<!") {
            look(false, false)
        } else {
            if self.takes("?i)") {
                self.folded = true;
                return Ok(Node::Empty);
            }
            if self.takes("?P<") {
                while self.next().ok_or("a name of a group does not end")? != b'>' {}
            } else if !self.takes("?:") && self.rest.first() == Some(&b'?') {
                return Err("it has a kind of group that is not read".to_owned());
            }
            None
        };
        let inside = self.any(depth + 1)?;
        if !self.takes(")") {
            return Err("a bracket is not closed".to_owned());
        }
        Ok(match looks {
            Some((ahead, wanted)) => Node::Look {
                ahead,
                wanted,
                of: Box::new(inside),
            },
            None => inside,
        })
    }

    fn letter(&self, sign: u8) -> Node {
        let mut set = [false; 256];
        self.mark(&mut set, sign);
        Node::Byte(Box::new(set))
    }

    fn mark(&self, set: &mut [bool; 256], sign: u8) {
        let both = [sign.to_ascii_lowercase(), sign.to_ascii_uppercase()];
        let wanted = if self.folded { &both[..] } else { &[sign][..] };
        for one in wanted {
            if let Some(place) = set.get_mut(usize::from(*one)) {
                *place = true;
            }
        }
    }

    fn escape(&mut self) -> Read<Node> {
        let sign = self.next().ok_or("it ends in a backslash")?;
        if let Some(set) = named(sign) {
            return Ok(Node::Byte(Box::new(set)));
        }
        Ok(match sign {
            b'b' => Node::Edge(true),
            b'B' => Node::Edge(false),
            b'A' => Node::Start,
            b'Z' | b'z' => Node::End,
            sign if sign.is_ascii_alphanumeric() => {
                return Err("it has an escape that is not read".to_owned());
            }
            sign => self.letter(sign),
        })
    }

    fn class(&mut self) -> Read<Node> {
        let mut set = [false; 256];
        let inverted = self.takes("^");
        let mut first = true;
        let open = "a bracket is not closed";
        loop {
            let sign = self.next().ok_or(open)?;
            if sign == b']' && !first {
                break;
            }
            first = false;
            let low = if sign == b'\\' {
                let escaped = self.next().ok_or(open)?;
                if let Some(inside) = named(escaped) {
                    for (place, yes) in set.iter_mut().zip(inside) {
                        *place |= yes;
                    }
                    continue;
                }
                escaped
            } else {
                sign
            };
            let high = match self.rest {
                [b'-', high, ..] if *high != b']' => {
                    let high = *high;
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    high
                }
                _ => low,
            };
            for one in low..=high {
                self.mark(&mut set, one);
            }
        }
        if inverted {
            for place in &mut set {
                *place = !*place;
            }
        }
        Ok(Node::Byte(Box::new(set)))
    }
}

/// The classes `\d`, `\w`, `\s` and their opposites.
fn named(sign: u8) -> Option<[bool; 256]> {
    let of = |test: fn(u8) -> bool, wanted: bool| {
        let mut set = [false; 256];
        for (place, byte) in set.iter_mut().zip(0..=255) {
            *place = test(byte) == wanted;
        }
        Some(set)
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match sign {
        b'd' => of(|byte| byte.is_ascii_digit(), true),
        b'D' => of(|byte| byte.is_ascii_digit(), false),
        b'w' => of(word, true),
        b'W' => of(word, false),
        b's' => of(|byte| byte.is_ascii_whitespace(), true),
        b'S' => of(|byte| byte.is_ascii_whitespace(), false),
        _ => None,
    }
}
