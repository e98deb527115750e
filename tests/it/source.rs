//! Reading Rust source as far as the rules of the house need it: names, punctuation and strings, without comments and
//! without what is compiled for tests alone.

/// A piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier or keyword.
    Name(String),
    /// A string's contents, escapes as written.
    Text(String),
    /// `::`.
    Path,
    /// Any other punctuation, a digit, a lifetime's quote.
    Mark(char),
}

/// A piece of source and its line, from 1.
pub(crate) type Placed = (Token, usize);

/// The tokens of `source`, without comments.
pub(crate) fn tokens(source: &str) -> Vec<Placed> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut out = Vec::new();
    let (mut index, mut line) = (0, 1);
    while index < chars.len() {
        let start = index;
        let token = match at(index) {
            '/' if at(index + 1) == '/' => {
                index += chars[index..].iter().position(|c| *c == '\n').unwrap_or(chars.len() - index);
                None
            }
            '/' if at(index + 1) == '*' => {
                index = end_of_comment(&chars, index);
                None
            }
            '"' => {
                let end = end_of_string(&chars, index + 1, '"');
                index = end + 1;
                Some(Token::Text(text(&chars[start + 1..end])))
            }
            '\'' if at(index + 1) == '\\' || at(index + 2) == '\'' => {
                index = end_of_string(&chars, index + 1, '\'') + 1;
                None
            }
            c if c == '_' || c.is_alphabetic() => {
                index += chars[index..].iter().take_while(|c| **c == '_' || c.is_alphanumeric()).count();
                let name = text(&chars[start..index]);
                let hashes = chars[index..].iter().take_while(|c| **c == '#').count();
                if matches!(name.as_str(), "r" | "br" | "cr") && at(index + hashes) == '"' {
                    let first = index + hashes + 1;
                    let end = end_of_raw_string(&chars, first, hashes);
                    index = end + 1 + hashes;
                    Some(Token::Text(text(&chars[first..end])))
                } else {
                    Some(Token::Name(name))
                }
            }
            ':' if at(index + 1) == ':' => {
                index += 2;
                Some(Token::Path)
            }
            c => {
                index += 1;
                (!c.is_whitespace()).then_some(Token::Mark(c))
            }
        };
        index = index.min(chars.len());
        out.extend(token.map(|token| (token, line)));
        line += chars[start..index].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn text(chars: &[char]) -> String {
    chars.iter().collect()
}

/// Where a comment that starts at `index` ends; comments nest.
fn end_of_comment(chars: &[char], mut index: usize) -> usize {
    let mut depth = 0;
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => (depth, index) = (depth + 1, index + 2),
            ('*', Some('/')) => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

/// At the quote that ends what starts at `index`.
fn end_of_string(chars: &[char], mut index: usize, quote: char) -> usize {
    while index < chars.len() && chars[index] != quote {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index.min(chars.len())
}

/// At the quote that ends a raw string.
fn end_of_raw_string(chars: &[char], mut index: usize, hashes: usize) -> usize {
    while index < chars.len() {
        if chars[index] == '"' && chars[index + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return index;
        }
        index += 1;
    }
    chars.len()
}

/// The tokens without items under `#[cfg(test)]`, and the names of the test-only modules in files of their own.
pub(crate) fn without_tests(tokens: &[Placed]) -> (Vec<Placed>, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let marker = self::tokens("#[cfg(test)]");
    let mut index = 0;
    while index < tokens.len() {
        if !starts_with(&tokens[index..], &marker) {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let start = index;
        let mut depth = 0;
        // To the end of the item: a `;` outside of brackets, or the `}` that closes its first `{`.
        while index < tokens.len() {
            index += 1;
            match tokens[index - 1].0 {
                Token::Mark('(' | '[' | '{') => depth += 1,
                Token::Mark(')' | ']') => depth -= 1,
                Token::Mark('}') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Token::Mark(';') if depth == 0 => break,
                _ => {}
            }
        }
        if let [.., (Token::Name(keyword), _), (Token::Name(name), _), (Token::Mark(';'), _)] = &tokens[start..index]
            && keyword == "mod"
        {
            modules.push(name.clone());
        }
    }
    (kept, modules)
}

/// Whether `tokens` start with those of `pattern`, wherever they stand.
pub(crate) fn starts_with(tokens: &[Placed], pattern: &[Placed]) -> bool {
    tokens.len() >= pattern.len() && tokens.iter().zip(pattern).all(|(token, wanted)| token.0 == wanted.0)
}

#[test]
fn comments_strings_and_characters_are_told_apart() {
    let source = "a /* b /* c */ d */ // e\n \"f \\\" g\" r#\"h \" i\"# '\"' '\\'' &'j k::l br\"m\" b'n' 'é' o";
    let shown: Vec<_> = tokens(source)
        .into_iter()
        .map(|(token, line)| match token {
            Token::Name(name) => format!("{name}@{line}"),
            Token::Text(text) => format!("<{text}>"),
            Token::Path => "::".to_owned(),
            Token::Mark(mark) => mark.to_string(),
        })
        .collect();
    let expected = ["a@1", "<f \\\" g>", "<h \" i>", "&", "'", "j@2", "k@2", "::", "l@2", "<m>", "b@2", "o@2"];
    assert_eq!(shown, expected);
    for cut in (0..source.len()).filter(|cut| source.is_char_boundary(*cut)) {
        tokens(&source[..cut]);
    }
}

#[test]
fn test_code_is_left_out() {
    let source = "use a; #[cfg(test)] mod testing; #[cfg(test)] #[path = \"x\"] mod tests { fn f() { g() } } use b;";
    let (kept, modules) = without_tests(&tokens(source));
    assert_eq!(kept, without_tests(&tokens("use a; use b;")).0);
    assert_eq!(modules, ["testing"]);
}
