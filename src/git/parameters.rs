//! What was set for one command, by `git -c KEY=VALUE`: git hands it to its hooks and aliases in `GIT_CONFIG_PARAMETERS`.

/// The settings of `text`, each as `KEY=VALUE`, or as `KEY` where it is only switched on. Git quotes each as a word for a shell:
/// `'key'='value'`, before 2.31 `'key=value'`. What is written otherwise ends the list. A key that holds `=` is left out: written as
/// `KEY=VALUE` it would end there, and it is the name of a part of git's or of a user, never one that we ask for.
pub(super) fn parse(text: &str) -> Vec<String> {
    let mut settings = Vec::new();
    let mut rest = text.trim_start();
    while let Some((setting, after)) = word(rest) {
        rest = after;
        if let Some(after) = rest.strip_prefix('=') {
            let is_whole = !setting.contains('=');
            // Not even an empty value: it is switched on.
            let (value, after) = word(after).map_or((None, after), |(value, after)| (Some(value), after));
            rest = after;
            if is_whole {
                settings.push(match value {
                    Some(value) => format!("{setting}={value}"),
                    None => setting,
                });
            }
        } else {
            settings.push(setting);
        }
        rest = rest.trim_start();
    }
    settings
}

/// A word in single quotes, and what follows it. A quote or an exclamation mark stands outside of the quotes, after a backslash.
fn word(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (part, after) = rest.split_once('\'')?;
        out.push_str(part);
        let escaped = after.strip_prefix('\\').and_then(|after| {
            let mark = after.chars().next().filter(|mark| matches!(mark, '\'' | '!'))?;
            Some((mark, after[1..].strip_prefix('\'')?))
        });
        match escaped {
            Some((mark, after)) => {
                out.push(mark);
                rest = after;
            }
            None => return Some((out, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn as_git_writes_them() {
        let sandbox = Sandbox::new();
        let odd = "it's = \"odd\"!";
        let with = ["-c", "a.b=1", "-c", "a.Sub Name.c=it's = \"odd\"!", "-c", "a.on", "-c", "a.empty="];
        let alias = ["-c", "alias.told=!printf %s \"$GIT_CONFIG_PARAMETERS\"", "told"];
        let written = sandbox.git(&[&with[..], &alias[..]].concat());
        let read = parse(&written);
        assert_eq!(read[..4], ["a.b=1".to_owned(), format!("a.Sub Name.c={odd}"), "a.on".into(), "a.empty=".into()]);
        assert_eq!(read.len(), 5, "{written}");
        assert_eq!(parse("'a.b=1' 'c.d'"), ["a.b=1", "c.d"]);
        // A key with `=` in it: only the quotes told where it ends.
        let odd = "'http.https://h/?a=b.extraheader'='c' 'a.b'='c=d' 'http.https://h/?a=b.on'= 'e.f=g=h'";
        assert_eq!(parse(odd), ["a.b=c=d", "e.f=g=h"]);
        assert!(parse("").is_empty() && parse("a.b=1").is_empty() && parse("'a").is_empty());
    }
}
