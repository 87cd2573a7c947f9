//! What people have on their disks: names, links and files of every kind, as `--files` finds them.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Stdio,
};

use wask_e2e::{Wask, guest};

/// Counts words over what these arguments name, and gives the sum of each, as JSON.
fn counted(wask: &Wask, arguments: &[&str]) -> (String, String) {
    let words = guest("word_count.wasm");
    let start = ["map", &words, "count-words", "--reduce", "merge", "--json"];
    let output = wask.run(&[&start, arguments].concat());
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    (output.stdout.trim_end().to_owned(), output.stderr)
}

#[test]
fn stars_and_dots_mean_what_they_mean_to_a_shell_or_are_refused() {
    let wask = Wask::new();
    fs::create_dir_all(wask.home().join("in/a")).unwrap();
    for name in ["in/ab.txt", "in/axxb.txt", "in/b.txt"] {
        wask.write(name, "x");
    }
    let words = guest("word_count.wasm");
    let map = |pattern: &str| {
        let pattern = wask.home().join(pattern).display().to_string();
        wask.run(&["map", &words, "count-words", "--files", &pattern])
    };
    assert_eq!(map("in/a**b.txt").stdout.lines().count(), 2);
    assert_eq!(map("in/a/../*b.txt").stdout.lines().count(), 3);
    let refused = map("in/*/../b.txt");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("before all wildcards"),
        "{refused:?}"
    );
}

#[test]
fn names_that_are_not_utf8_are_names() {
    let wask = Wask::new();
    wask.write("good.txt", "y");
    for name in [
        &b"bad\xff.txt"[..],
        b"g\xe9\x80.txt",
        b"g\x1b[31m.txt",
        b"g\n.txt",
    ] {
        fs::write(wask.home().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    fs::create_dir(wask.home().join(OsStr::from_bytes(b"\xfe"))).unwrap();
    fs::write(wask.home().join(OsStr::from_bytes(b"\xfe/g.txt")), "z").unwrap();
    assert_eq!(counted(&wask, &["--files", "good*.txt"]).0, r#"[["y",1]]"#);
    assert_eq!(
        counted(&wask, &["--files", "g*.txt"]).0,
        r#"[["x",3],["y",1]]"#
    );
    let all = r#"[["x",4],["y",1],["z",1]]"#;
    assert_eq!(counted(&wask, &["--files", "**/*.txt"]).0, all);
    assert_eq!(counted(&wask, &["--files", "*/g.txt"]).0, r#"[["z",1]]"#);

    let words = guest("word_count.wasm");
    let mut by_name = wask.command(&["map", &words, "count-words", "--tag", "--files"]);
    let output = by_name
        .arg(OsStr::from_bytes(b"bad\xff.txt"))
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"bad\\xff.txt\t[(\"x\", 1)]\n");
}

#[test]
fn each_file_is_read_once_by_whatever_name_it_is_found() {
    let wask = Wask::new();
    wask.write("a.txt", "a");
    wask.write("sub/b.txt", "b");
    symlink(".", wask.home().join("loop")).unwrap();
    symlink("..", wask.home().join("sub/up")).unwrap();
    symlink(".", wask.home().join("sub/here")).unwrap();
    symlink("a.txt", wask.home().join("z.txt")).unwrap();
    let both = r#"[["a",1],["b",1]]"#;
    let (counts, told) = counted(&wask, &["--files", "**/*.txt"]);
    assert_eq!(counts, both);
    assert!(told.contains("left out: 3 links to folders"), "{told}");
    assert!(told.contains("1 other name of the same file"), "{told}");
    for arguments in [
        &["--files", "**/*.txt", "--follow"][..],
        &["--files", "."],
        &["--files", "./**"],
        &[
            "--files",
            "a.txt",
            "--files",
            "./a.txt",
            "--files",
            "sub/../sub/b.txt",
        ],
        &["--files", "{a,sub/b}.txt"],
        &["--files", "loop/**/*.txt"],
    ] {
        assert_eq!(counted(&wask, arguments).0, both, "{arguments:?}");
    }
}

#[test]
fn what_matched_and_is_not_read_is_counted() {
    let wask = Wask::new();
    wask.write("a.txt", "a");
    wask.write(".hidden.txt", "h");
    fs::create_dir(wask.home().join("folder.txt")).unwrap();
    symlink("nothing", wask.home().join("gone.txt")).unwrap();
    let pipe = wask.home().join("pipe.txt");
    assert_eq!(wask.shell(&format!("mkfifo {}", pipe.display())).code, 0);
    let (counts, told) = counted(&wask, &["--files", "*.txt"]);
    assert_eq!(counts, r#"[["a",1]]"#);
    let line = "wask: left out: 1 folder, 1 pipe, socket or device, 1 link to nothing\n";
    assert!(told.contains(line), "{told}");
    assert_eq!(counted(&wask, &["--files", ".*.txt"]).0, r#"[["h",1]]"#);
    let words = guest("word_count.wasm");
    let none = wask.fails(2, &["map", &words, "count-words", "--files", "fold*"]);
    assert!(
        none.contains("no file matches `fold*`; left out: 1 folder"),
        "{none}"
    );
}

#[test]
fn files_that_are_listed_are_names_and_not_patterns() {
    let wask = Wask::new();
    wask.write("*.txt", "star");
    wask.write("a.txt", "a");
    wask.write("line\nbreak.txt", "break");
    let words = guest("word_count.wasm");
    let listed = |arguments: &[&str], input: &str| {
        let start = ["map", &words, "count-words", "--reduce", "merge", "--json"];
        let arguments = [&start, arguments].concat();
        wask.run_with_stdin(&arguments, input)
    };
    let output = listed(&["--files-from", "-"], "*.txt\n.\n./a.txt\na.txt\n");
    assert_eq!(output.stdout, "[[\"a\",1],[\"star\",1]]\n", "{output:?}");
    assert!(output.stderr.contains("left out: 1 folder"), "{output:?}");
    let output = listed(&["--files-from", "-", "-0"], "line\nbreak.txt\0");
    assert_eq!(output.stdout, "[[\"break\",1]]\n", "{output:?}");
    let output = listed(&["--files-from", "-"], "");
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output:?}");
    assert!(output.stderr.contains("there are no items"), "{output:?}");
    let output = listed(&["--files-from", "-"], "none.txt\n");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("cannot read none.txt"), "{output:?}");
    let found = wask.shell(&format!(
        "find . -name '*.txt' -print0 | wask map {words} count-words -0 --files-from - --reduce merge"
    ));
    let all = r#"[("a", 1), ("break", 1), ("star", 1)]"#;
    assert_eq!(found.stdout.trim_end(), all, "{found:?}");
}

#[test]
fn pipes_that_are_named_are_read() {
    let wask = Wask::new();
    let words = guest("word_count.wasm");
    let script = format!("printf 'to be' | wask map {words} count-words --files /dev/stdin");
    assert_eq!(wask.shell(&script).stdout, "[(\"be\", 1), (\"to\", 1)]\n");
    let script = format!(
        "mkfifo p; printf 'a' > p & wask map {words} count-words --files p; \
         exec 7< $HOME/p.txt; wask map {words} count-words --files /dev/fd/7"
    );
    wask.write("p.txt", "b");
    let output = wask.shell(&script);
    assert_eq!(output.stdout, "[(\"a\", 1)]\n[(\"b\", 1)]\n", "{output:?}");
}

#[test]
fn what_has_no_end_is_refused_above_a_limit() {
    let wask = Wask::new();
    let bytes = guest("bytes.wat");
    let words = guest("word_count.wasm");
    let graph = wask.write(
        "g.json",
        format!(
            r#"{{"components": {{"w": "{words}"}}, "tasks": {{"a": {{"call": "w#count-words",
            "args": [{{"$file": "/dev/zero"}}]}}}}, "outputs": ["a"]}}"#
        ),
    );
    for arguments in [
        &["call", &bytes, r#"id(@file("/dev/zero"))"#][..],
        &["map", &words, "count-words", "--files", "/dev/zero"],
        &["map", &words, "count-words", "--input", "/dev/zero"],
        &["map", &words, "count-words", "--files-from", "/dev/zero"],
        &["compute", &graph],
    ] {
        let said = wask.fails(2, &[arguments, &["--read-limit", "1MiB"]].concat());
        let told = "/dev/zero holds more than 1.0 MiB, the most that is read; --read-limit SIZE";
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    for arguments in [
        &[
            "status",
            "--scheduler",
            "tcp://127.0.0.1:1",
            "--token-file",
            "/dev/zero",
        ][..],
        &[
            "worker",
            "--scheduler-file",
            "/dev/zero",
            "--connect-timeout",
            "10ms",
        ],
        &[
            "worker",
            "tcp://127.0.0.1:1",
            "--worker-token-file",
            "/dev/zero",
        ],
    ] {
        let said = wask.fails(2, arguments);
        assert!(said.contains("it holds more than 1 MiB"), "{said}");
    }
    let mut endless = wask.command(&["call", &bytes, "id(@stdin)", "--read-limit", "1MiB"]);
    let mut child = endless.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    while input.write_all(&[b'y'; 1 << 16]).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("stdin holds more than 1.0 MiB"), "{said}");
}

/// Makes a tree as no careful person has one: the words in it are counted by a program of another
/// language, from the same rules.
fn ugly_tree(root: &Path) {
    let folders = [
        "plain",
        "two words",
        "line\nbreak",
        "\u{1b}[31mred",
        "-n",
        "deep/er/est",
    ];
    for folder in folders {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let latin = OsStr::from_bytes(b"latin \xe9\xff");
    fs::create_dir(root.join(latin)).unwrap();
    let long = "l".repeat(246);
    let all: Vec<&OsStr> = folders.iter().map(OsStr::new).chain([latin]).collect();
    for number in 0..10_000_usize {
        let folder = root.join(all[number % all.len()]);
        let name = match number % 11 {
            0 => OsStr::from_bytes(format!("{number}\n.txt").as_bytes()).to_owned(),
            1 => OsStr::from_bytes(&[format!("{number}").as_bytes(), b"\xff\xfe.txt"].concat())
                .to_owned(),
            2 => format!("{number}\u{202e}\u{1b}]0;x\u{7}.txt").into(),
            3 => format!("{}{number:04}.tx", &long[..243]).into(),
            4 => format!("'{number}'.txt").into(),
            5 => format!("*{number}?.txt").into(),
            _ => format!("{number}.txt").into(),
        };
        fs::write(folder.join(name), format!("word{} all", number % 97)).unwrap();
    }
    symlink("..", root.join("plain/up")).unwrap();
    symlink("../plain", root.join("two words/side")).unwrap();
    symlink("nothing", root.join("plain/gone.txt")).unwrap();
    symlink("self.txt", root.join("plain/self.txt")).unwrap();
    let first = fs::read_dir(root.join("deep/er/est"))
        .unwrap()
        .next()
        .unwrap();
    symlink(first.unwrap().path(), root.join("deep/again.txt")).unwrap();
    fs::write(root.join(".hidden.txt"), "hidden").unwrap();
    let sealed = root.join("plain/sealed.txt");
    fs::write(&sealed, "sealed").unwrap();
    fs::set_permissions(sealed, fs::Permissions::from_mode(0o000)).unwrap();
}

/// As the documentation says what a pattern `**/*` means: no hidden names, no links to folders, each
/// file once, what cannot be read left out.
const REFERENCE: &str = r#"
import os, json, sys
counts, seen = {}, set()
for folder, folders, names in os.walk(sys.argv[1].encode()):
    folders[:] = [f for f in folders if not f.startswith(b'.')]
    for name in names:
        path = os.path.join(folder, name)
        if name.startswith(b'.') or not os.path.isfile(path) or os.path.realpath(path) in seen:
            continue
        seen.add(os.path.realpath(path))
        try:
            text = open(path).read()
        except PermissionError:
            continue
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
print(json.dumps(sorted(map(list, counts.items())), separators=(',', ':')))
"#;

/// The same without Python, which not every machine has.
fn reference(folder: &Path, counts: &mut BTreeMap<String, u32>, seen: &mut HashSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        if !is_hidden && path.is_dir() && !path.is_symlink() {
            reference(&path, counts, seen);
        }
        if is_hidden || !path.is_file() || !seen.insert(fs::canonicalize(&path).unwrap()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        for word in text.split_whitespace() {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
}

#[test]
fn an_ugly_tree_gives_what_another_program_finds_in_it() {
    let wask = Wask::new();
    let root = wask.home().join("tree");
    fs::create_dir(&root).unwrap();
    ugly_tree(&root);
    assert_eq!(wask.shell("mkfifo tree/pipe.txt").code, 0);
    let changing = root.join("plain/changing.txt");
    fs::write(&changing, "changing").unwrap();
    let (mut counts, mut seen) = (BTreeMap::new(), HashSet::new());
    reference(&root, &mut counts, &mut seen);
    let pairs: Vec<_> = counts.into_iter().collect();
    let expected = serde_json::to_string(&pairs).unwrap();
    let script = wask.write("reference.py", REFERENCE);
    if wask.shell("command -v python3").code == 0 {
        let output = wask.shell(&format!("python3 {script} tree"));
        assert_eq!(output.stdout.trim_end(), expected, "{output:?}");
    }
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Its words stay the same, its length does not.
        scope.spawn(|| {
            let mut turns = 0_usize;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                turns += 1;
                let text = format!("changing{}", " ".repeat(turns % 5_000));
                let beside = root.join("plain/.changing");
                fs::write(&beside, text).unwrap();
                fs::rename(&beside, &changing).unwrap();
            }
        });
        for _ in 0..2 {
            let (counts, told) = counted(&wask, &["--files", "tree/**/*"]);
            assert_eq!(counts, expected, "{told}");
            assert!(told.contains("2 links to folders"), "{told}");
            assert!(told.contains("2 links to nothing"), "{told}");
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn no_name_hides_what_a_pattern_means() {
    let wask = Wask::new();
    for name in ["*.txt", "a.txt", "b.txt", "{a,b}.txt"] {
        wask.write(name, "x");
    }
    wask.write("sub/c.txt", "x");
    wask.write("other/d.txt", "x");
    let found = |pattern: &str| counted(&wask, &["--files", pattern]).0;
    assert_eq!(found("*.txt"), r#"[["x",4]]"#);
    assert_eq!(found("{a,b}.txt"), r#"[["x",3]]"#);
    assert_eq!(found("{sub,other}"), r#"[["x",2]]"#);
    assert_eq!(found("*/"), r#"[["x",2]]"#);
    for name in ["report{1,2}.txt", "a**b"] {
        wask.write(name, "x");
        assert_eq!(found(name), r#"[["x",1]]"#, "{name}");
    }
    let words = guest("word_count.wasm");
    for (pattern, said) in [
        ("{a,typo}.txt", "no file matches `typo.txt`"),
        ("[[:alpha:]]*", "classes of characters"),
    ] {
        let failed = wask.fails(2, &["map", &words, "count-words", "--files", pattern]);
        assert!(failed.contains(said), "{failed}");
    }
}

#[test]
fn a_pipe_is_read_once_and_only_where_it_is_named() {
    let wask = Wask::new();
    let hostile = guest("hostile.wasm");
    let output = wask.shell(&format!(
        "mkfifo p.txt; echo x > a.txt; find . -name '*.txt' | wask map {hostile} act --files-from -; \
         printf one | wask map {hostile} act --files /dev/stdin --files /dev/fd/0"
    ));
    assert_eq!(output.stdout, "\"x\\n\"\n\"one\"\n", "{output:?}");
    assert!(
        output.stderr.contains("left out: 1 pipe, socket or device"),
        "{output:?}"
    );
}
