//! What is mapped over or scattered: items that were typed, lines, and files.

use std::{ffi::OsStr, path::Path};

use tokio::task::spawn_blocking;
use wask_client::Encoded;
use wask_value::{Type, Value, json, wave};

use crate::{
    args::{InputFormat, SourceArgs},
    cluster::Context,
    exit::{Exit, Failed, OrExit, Result},
    expression::{FutureRef, Reference, Scope, Tree, plain},
    files::{self, Kind},
    job::{Items, Values},
    reading::ReadLimit,
    terminal,
};

/// Reads and checks all items, of the one source that is named. There may be none, which is said.
pub(crate) async fn read(
    context: &Context,
    sources: &SourceArgs,
    texts: &[String],
    scope: &Scope,
    ty: &Type,
) -> Result<Items> {
    let limit = context.read_limit;
    let items = match (&sources.input, sources.has_files()) {
        (Some(_), _) | (_, true) if !texts.is_empty() => {
            return Err(Failed::input(
                "items, --files or --input, not several of them; put the pattern of --files in \
                 quotes, or the shell makes items of it",
            ));
        }
        (Some(path), _) => Items::Values(lines(sources, path, ty, limit)?),
        (None, true) => {
            let kind = Kind::of(ty)?;
            let sources = sources.clone();
            let check =
                spawn_blocking(move || files::check(files::find(&sources, limit)?, kind, limit));
            let (files, left_out) = check
                .await
                .or_exit(Exit::Machine, || "cannot read files")??;
            if !left_out.is_empty() {
                context.note(format_args!("left out: {left_out}"));
            }
            Items::Files(files)
        }
        (None, false) if texts.is_empty() => {
            return Err(Failed::input(
                "there are no items: give some, or --files 'PATTERN', or --input FILE (`-` for \
                 stdin)",
            ));
        }
        (None, false) => Items::Values(typed(scope, ty, texts)?),
    };
    if items.len() == 0 {
        context.note("there are no items, so nothing is done");
    }
    Ok(items)
}

/// Reads items as they are typed. A collection, `@name`, gives each of its futures.
fn typed(scope: &Scope, ty: &Type, texts: &[String]) -> Result<Values> {
    let mut items = Values::default();
    for (number, text) in (1..).zip(texts) {
        let read = read_typed(scope, ty, text, &mut items);
        read.map_err(|failed| failed.context(format!("item {number}, `{}`", shorten(text))))?;
    }
    Ok(items)
}

/// Reads items from the lines of a file, or of stdin where it is `-`. They are data: nothing in them
/// refers to anything.
fn lines(sources: &SourceArgs, path: &Path, ty: &Type, limit: ReadLimit) -> Result<Values> {
    let (shown, bytes) = match path == Path::new("-") {
        true => ("stdin".to_owned(), limit.stdin()?),
        false => (terminal::path(path).to_string(), limit.file(path)?),
    };
    let format = sources
        .input_format
        .unwrap_or_else(|| usual_format(path, ty));
    let is_fit = match format {
        InputFormat::Text => *ty == Type::String || *ty == Type::list(Type::U8),
        InputFormat::Wave | InputFormat::Json => true,
    };
    if !is_fit {
        return Err(Failed::input(format!(
            "lines of text are a `string` or a `list<u8>` each, but {ty} is wanted; write them as \
             WAVE or JSON"
        )));
    }
    let mut items = Values::default();
    for (number, line) in (1..).zip(split(without_mark(&bytes, format), sources.null_data)) {
        let item = item(ty, line, format);
        let item = item.map_err(|failed| match starts_with_utf16_mark(&bytes) {
            true => Failed::input(format!(
                "{shown} begins with the byte order mark of UTF-16; convert it to UTF-8 first, as \
                 with `iconv -f UTF-16 -t UTF-8`"
            )),
            false => failed.context(format!("{shown}, line {number}")),
        });
        if let Some(tree) = item? {
            items.push(tree, line);
        }
    }
    Ok(items)
}

fn usual_format(path: &Path, ty: &Type) -> InputFormat {
    let is_json = |extension: &OsStr| extension == "jsonl" || extension == "ndjson";
    match path.extension().is_some_and(is_json) {
        true => InputFormat::Json,
        false if *ty == Type::String => InputFormat::Text,
        false => InputFormat::Wave,
    }
}

/// What is between the ends of lines. After the last end there is no line.
fn split(bytes: &[u8], null_data: bool) -> impl Iterator<Item = &[u8]> {
    let end = if null_data { 0 } else { b'\n' };
    let last = bytes.strip_suffix(&[end]).unwrap_or(bytes);
    let lines = (!bytes.is_empty()).then(|| last.split(move |byte| *byte == end));
    lines
        .into_iter()
        .flatten()
        .map(move |line| match null_data {
            true => line,
            false => line.strip_suffix(b"\r").unwrap_or(line),
        })
}

/// Without a byte order mark at the beginning, where it can be nothing else: a text may have it.
fn without_mark(bytes: &[u8], format: InputFormat) -> &[u8] {
    match format {
        InputFormat::Text => bytes,
        InputFormat::Wave | InputFormat::Json => {
            bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
        }
    }
}

fn starts_with_utf16_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// One line. An empty one is an empty text, and nothing in a format where nothing has no meaning.
fn item(ty: &Type, line: &[u8], format: InputFormat) -> Result<Option<Tree>> {
    if format == InputFormat::Text && *ty != Type::String {
        return Ok(Some(Tree::Data(line.to_vec())));
    }
    let text = std::str::from_utf8(line).map_err(|error| {
        Failed::input(format!("it is not UTF-8 (at byte {})", error.valid_up_to()))
    })?;
    match format {
        InputFormat::Text => Ok(Some(Tree::Text(text.to_owned()))),
        InputFormat::Wave | InputFormat::Json if text.trim().is_empty() => Ok(None),
        InputFormat::Wave => plain(ty, text.trim()).map(Some),
        InputFormat::Json => from_json(ty, text).map(Some),
    }
}

fn read_typed(scope: &Scope, ty: &Type, text: &str, items: &mut Values) -> Result {
    if is_plain_text(ty, text) {
        items.push(Tree::Text(text.to_owned()), text.as_bytes());
        return Ok(());
    }
    let reference = match text.starts_with('@') {
        true => Reference::parse(text)?,
        false => None,
    };
    match reference {
        Some(Reference::Dataset { name, index: None }) if is_collection(scope, ty, &name) => {
            let len = scope.datasets[&name].len;
            let dataset: std::sync::Arc<str> = name.as_str().into();
            for index in 0..len {
                let dataset = dataset.clone();
                let tree = Tree::Future(FutureRef { dataset, index });
                items.push(tree, format!("@{name}[{index}]").as_bytes());
            }
        }
        _ => {
            let tree = scope.value(ty, text)?;
            // A text in quotes is the text, wherever it is told or read again.
            let plain = match ty {
                Type::String => wave::parse(ty, text).ok(),
                _ => None,
            };
            match plain {
                Some(Value::String(plain)) => items.push(tree, plain.as_bytes()),
                _ => items.push(tree, text.as_bytes()),
            }
        }
    }
    Ok(())
}

/// Whether a string is meant just as it stands: where one is wanted, and no quote begins it.
fn is_plain_text(ty: &Type, text: &str) -> bool {
    *ty == Type::String && !text.starts_with(['"', '@'])
}

fn is_collection(scope: &Scope, ty: &Type, name: &str) -> bool {
    scope
        .datasets
        .get(name)
        .is_some_and(|dataset| dataset.ty == *ty)
}

fn from_json(ty: &Type, line: &str) -> Result<Tree> {
    let value = serde_json::from_str(line).or_exit(Exit::Input, || "no JSON")?;
    let value = json::from_json(ty, &value)?;
    Ok(Tree::Known(Encoded::from_value(ty.clone(), &value)?))
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::expression::Dataset;

    fn scope() -> Scope {
        let dataset = Dataset {
            ty: Type::U32,
            len: 2,
        };
        Scope {
            datasets: [("xs".to_owned(), dataset)].into(),
            ..Scope::default()
        }
    }

    fn known(ty: &str, text: &str) -> Tree {
        Scope::default().value(&ty.parse().unwrap(), text).unwrap()
    }

    #[test]
    fn items_are_wave_and_collections_are_taken_apart() {
        let texts = ["1", "@xs", "@xs[1]"].map(str::to_owned);
        let items = typed(&scope(), &Type::U32, &texts).unwrap().trees;
        let future = |index| {
            Tree::Future(FutureRef {
                dataset: "xs".into(),
                index,
            })
        };
        assert_eq!(items, [known("u32", "1"), future(0), future(1), future(1)]);
        let error = typed(&scope(), &Type::U32, &["x".into()]).unwrap_err();
        assert!(
            error.to_string().starts_with("item 1, `x`: wave text"),
            "{error}"
        );
    }

    #[test]
    fn strings_need_no_quotes() {
        let texts = ["to be", "\"or \\\"not\\\"\"", "a_b"].map(str::to_owned);
        let items = typed(&scope(), &Type::String, &texts).unwrap().trees;
        assert_eq!(
            items,
            [
                Tree::Text("to be".into()),
                known("string", "\"or \\\"not\\\"\""),
                Tree::Text("a_b".into())
            ]
        );
    }

    fn read_lines(name: &str, bytes: &[u8], ty: &str, sources: SourceArgs) -> Result<Vec<Tree>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        lines(&sources, &path, &ty.parse().unwrap(), ReadLimit::default()).map(|items| items.trees)
    }

    fn texts(lines: &[&str]) -> Vec<Tree> {
        lines
            .iter()
            .map(|text| Tree::Text((*text).into()))
            .collect()
    }

    fn of_format(format: InputFormat) -> SourceArgs {
        SourceArgs {
            input_format: Some(format),
            ..SourceArgs::default()
        }
    }

    #[test]
    fn lines_of_text_are_what_they_are() {
        let text = "@file(\"/etc/hostname\")\n@user thanks\n\n\"q\" he said\r\n_\n 1 ";
        let items = read_lines("x", text.as_bytes(), "string", SourceArgs::default());
        let expected = [
            "@file(\"/etc/hostname\")",
            "@user thanks",
            "",
            "\"q\" he said",
            "_",
            " 1 ",
        ];
        assert_eq!(items.unwrap(), texts(&expected));
        let null = SourceArgs {
            null_data: true,
            ..SourceArgs::default()
        };
        let items = read_lines("x", b"a\nb\0\r\0", "string", null).unwrap();
        assert_eq!(items, texts(&["a\nb", "\r"]));
        let error = read_lines("x", b"ok\nno\xff", "string", SourceArgs::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("/x, line 2: it is not UTF-8 (at byte 2)"),
            "{error}"
        );
        let bytes = read_lines("x", b"\xff\n", "list<u8>", of_format(InputFormat::Text)).unwrap();
        assert_eq!(bytes, [Tree::Data(b"\xff".to_vec())]);
        assert!(read_lines("x", b"1", "u8", of_format(InputFormat::Text)).is_err());
    }

    #[test]
    fn lines_of_values_refer_to_nothing() {
        let items = read_lines("x", b"1\n\n2\n", "u32", SourceArgs::default());
        assert_eq!(items.unwrap(), [known("u32", "1"), known("u32", "2")]);
        for text in ["@xs", "_", "[@xs]", "@stdin"] {
            for ty in ["u32", "list<u32>", "option<u32>"] {
                assert!(read_lines("x", text.as_bytes(), ty, SourceArgs::default()).is_err());
            }
        }
        let wave = read_lines("x", b"\"a\\n\"", "string", of_format(InputFormat::Wave));
        assert_eq!(wave.unwrap(), [known("string", "\"a\\n\"")]);
        let ty = "tuple<u8, option<u8>>";
        let error = read_lines(
            "x.jsonl",
            b"[1, null]\n[2, 3]\nx\n",
            ty,
            SourceArgs::default(),
        );
        let error = error.unwrap_err().to_string();
        assert!(error.contains("x.jsonl, line 3: no JSON"), "{error}");
        let items = read_lines("x", b"[1, null]\n", ty, of_format(InputFormat::Json)).unwrap();
        assert_eq!(items, [known(ty, "(1, none)")]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_where_it_can_be_nothing_else() {
        let marked = "\u{feff}1\n2".as_bytes();
        let numbers = [known("u32", "1"), known("u32", "2")];
        for format in [InputFormat::Wave, InputFormat::Json] {
            let items = read_lines("x", marked, "u32", of_format(format)).unwrap();
            assert_eq!(items, numbers);
        }
        let items = read_lines("x", marked, "string", SourceArgs::default()).unwrap();
        assert_eq!(items, texts(&["\u{feff}1", "2"]));
        let error = read_lines("x", b"\xff\xfe1\0\n\0", "u32", SourceArgs::default()).unwrap_err();
        assert!(
            error.to_string().contains("byte order mark of UTF-16"),
            "{error}"
        );
    }

    #[test]
    fn there_may_be_no_lines() {
        assert!(
            read_lines("x", b"", "string", SourceArgs::default())
                .unwrap()
                .is_empty()
        );
        let one = read_lines("x", b"\n", "string", SourceArgs::default()).unwrap();
        assert_eq!(one, texts(&[""]));
    }
}
