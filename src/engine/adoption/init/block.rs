//! The fenced block in `AGENTS.md` and `CLAUDE.md`: put in, replaced, taken out, and not a byte else.
//!
//! What is around the block is the user's. So that taking it out gives back the very bytes from before, a file that was
//! there gets one line end before the block, and its last line keeps the end it had, or had not; a file of our own begins
//! with the block.

/// The line that begins the block.
const BEGIN: &[u8] = b"<!-- agentops:begin -->";
/// The line that ends it.
const END: &[u8] = b"<!-- agentops:end -->";

/// What putting the block in, or taking it out, means for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edited {
    /// Nothing is to do.
    Same,
    /// The file's new bytes.
    Bytes(Vec<u8>),
    /// The file was ours alone: it goes.
    Gone,
    /// The file is none that a block can be put into or found in; why, a clause.
    Unfit(&'static str),
}

/// Where the block is in a file.
enum Found {
    Nowhere,
    /// From the first byte of its first line to the last byte of its last line, without the line's end.
    At(std::ops::Range<usize>),
    Broken(&'static str),
}

/// `file` with `block` in it: replaced where there is one, appended otherwise. `None`: there is no file yet.
pub(crate) fn put(file: Option<&[u8]>, block: &str) -> Edited {
    let block = block.trim_end();
    let Some(file) = file else { return Edited::Bytes(format!("{block}\n").into_bytes()) };
    if file.contains(&0) || file.ends_with(b"\r") {
        return Edited::Unfit("it is not a text in UTF-8 with line ends that git knows");
    }
    let line_end = line_end(file);
    let block = block.replace('\n', line_end);
    match find(file) {
        Found::Broken(why) => Edited::Unfit(why),
        Found::At(range) if &file[range.clone()] == block.as_bytes() => Edited::Same,
        Found::At(range) => Edited::Bytes([&file[..range.start], block.as_bytes(), &file[range.end..]].concat()),
        Found::Nowhere => {
            let ended = file.is_empty() || file.ends_with(b"\n");
            let (before, after) = if ended { (line_end.to_owned(), line_end) } else { (line_end.repeat(2), "") };
            Edited::Bytes([file, before.as_bytes(), block.as_bytes(), after.as_bytes()].concat())
        }
    }
}

/// `file` without the block: what [`put`] was given, whatever was written around the block since.
pub(crate) fn take(file: &[u8]) -> Edited {
    let range = match find(file) {
        Found::Nowhere => return Edited::Same,
        Found::Broken(why) => return Edited::Unfit(why),
        Found::At(range) => range,
    };
    let (before, after) = (&file[..range.start], &file[range.end..]);
    if before.is_empty() && without_line_end(after, true).is_empty() {
        return Edited::Gone;
    }
    // A last line without an end: the file had none before the block came either.
    let before = without_line_end(before, false);
    let before = if after.is_empty() { without_line_end(before, false) } else { before };
    Edited::Bytes([before, without_line_end(after, true)].concat())
}

/// One line end less, at the start or at the end.
fn without_line_end(bytes: &[u8], at_start: bool) -> &[u8] {
    let ends: [&[u8]; 2] = [b"\r\n", b"\n"];
    let cut = |end: &&[u8]| if at_start { bytes.strip_prefix(*end) } else { bytes.strip_suffix(*end) };
    ends.iter().find_map(cut).unwrap_or(bytes)
}

/// How the file ends its lines: as its first line does.
fn line_end(file: &[u8]) -> &'static str {
    match file.iter().position(|byte| *byte == b'\n') {
        Some(at) if at > 0 && file[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

fn find(file: &[u8]) -> Found {
    let (mut begin, mut end) = (None, None);
    let mut start = 0;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text == BEGIN && begin.replace(start).is_some() {
            return Found::Broken("it holds the line `<!-- agentops:begin -->` twice");
        }
        if text == END && end.replace(start + text.len()).is_some() {
            return Found::Broken("it holds the line `<!-- agentops:end -->` twice");
        }
        start += line.len();
    }
    match (begin, end) {
        (None, None) => Found::Nowhere,
        (Some(begin), Some(end)) if begin < end => Found::At(begin..end),
        _ => Found::Broken("its lines `<!-- agentops:begin -->` and `<!-- agentops:end -->` are no pair"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: &str = "<!-- agentops:begin -->\n## Work\n<!-- agentops:end -->\n";

    fn put_text(file: &str) -> String {
        match put(Some(file.as_bytes()), BLOCK) {
            Edited::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_of_our_own_comes_and_goes() {
        assert_eq!(put(None, BLOCK), Edited::Bytes(BLOCK.into()));
        assert_eq!(take(BLOCK.as_bytes()), Edited::Gone);
        assert_eq!(put(Some(BLOCK.as_bytes()), BLOCK), Edited::Same);
        // An empty file that was there stays, and so does what somebody added to ours.
        assert_eq!(take(put_text("").as_bytes()), Edited::Bytes(Vec::new()));
        assert_eq!(take(format!("{BLOCK}mine\n").as_bytes()), Edited::Bytes(b"mine\n".to_vec()));
    }

    #[test]
    fn lines_end_as_the_file_ends_them() {
        assert_eq!(put_text("# A\r\n"), "# A\r\n\r\n<!-- agentops:begin -->\r\n## Work\r\n<!-- agentops:end -->\r\n");
        assert_eq!(put_text("# A"), "# A\n\n<!-- agentops:begin -->\n## Work\n<!-- agentops:end -->");
    }

    #[test]
    fn an_older_block_is_replaced_where_it_stands() {
        let old = "a\n<!-- agentops:begin -->\nold\n<!-- agentops:end -->\nb\n";
        assert_eq!(put_text(old), "a\n<!-- agentops:begin -->\n## Work\n<!-- agentops:end -->\nb\n");
    }

    #[test]
    fn what_is_no_pair_is_left_alone() {
        for text in [
            "<!-- agentops:begin -->\n",
            "<!-- agentops:end -->\n<!-- agentops:begin -->\n",
            "<!-- agentops:begin -->\n<!-- agentops:begin -->\n<!-- agentops:end -->\n",
        ] {
            assert!(matches!(put(Some(text.as_bytes()), BLOCK), Edited::Unfit(_)), "{text}");
            assert!(matches!(take(text.as_bytes()), Edited::Unfit(_)), "{text}");
        }
        for bytes in [&b"\xff\xfea\0"[..], b"one\rtwo\r"] {
            assert!(matches!(put(Some(bytes), BLOCK), Edited::Unfit(_)));
        }
        assert_eq!(take(b"about `<!-- agentops:begin -->` in a sentence\n"), Edited::Same);
    }

    proptest! {
        #[test]
        fn out_is_the_inverse_of_in(file in "([a-z# ]{0,6}(\r?\n){0,2}){0,6}") {
            let with = put_text(&file);
            prop_assert_eq!(put(Some(with.as_bytes()), BLOCK), Edited::Same);
            prop_assert_eq!(take(with.as_bytes()), Edited::Bytes(file.into_bytes()));
        }

        #[test]
        fn what_is_written_around_the_block_stays(file in "([a-z]{0,6}\n){0,4}", more in "([a-z]{0,6}\n){1,4}") {
            let with = format!("{}{more}", put_text(&file));
            prop_assert_eq!(take(with.as_bytes()), Edited::Bytes(format!("{file}{more}").into_bytes()));
        }
    }
}
