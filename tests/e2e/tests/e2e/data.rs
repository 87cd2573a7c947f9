//! Data are data, whatever is in them: lines of an input, and what guests and peers say.

use wask_e2e::{Cluster, Wask, guest};

/// Texts that do something to a terminal, or turn the direction of writing around.
const HOSTILE: [&str; 6] = [
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]52;c;aGk=\u{7}",
    "back\u{8}\u{8}\u{8}\rover",
    "\u{9b}2J\u{9d}0;title\u{9c}",
    "\u{202e}txt.exe\u{2066}x\u{2069}",
    "a\u{0}b\u{7f}c\u{85}d\u{2028}e",
];

fn is_clean(text: &str) -> bool {
    let is_bad = |c: char| {
        let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (c.is_control() && !matches!(c, '\n' | '\t')) || turns
    };
    !text.contains(is_bad)
}

#[test]
fn a_line_of_an_input_is_a_text() {
    let wask = Wask::new();
    let arith = guest("hostile.wasm");
    let lines = "@file(\"/etc/hostname\")\n@user thanks\n\"q\" he said\n\n_\n'\n";
    let output = wask.run_with_stdin(&["map", &arith, "act", "--input", "-", "--json"], lines);
    assert_eq!(output.code, 0, "{output:?}");
    let expected = "\"@file(\\\"/etc/hostname\\\")\"\n\"@user thanks\"\n\"\\\"q\\\" he said\"\n\"\"\n\"_\"\n\"'\"\n";
    assert_eq!(output.stdout, expected);

    let records = wask.run_with_stdin(
        &["map", &arith, "act", "--input", "-", "-0", "--raw"],
        "a\nb\0\0c",
    );
    assert_eq!(records.stdout, "a\nb\0\0c\0", "{records:?}");
    let wave = wask.run_with_stdin(
        &[
            "map",
            &arith,
            "act",
            "--input",
            "-",
            "--input-format",
            "wave",
        ],
        "\"a\\nb\"\n",
    );
    assert_eq!(wave.stdout, "\"a\\nb\"\n", "{wave:?}");
    let json = wask.run_with_stdin(
        &[
            "map",
            &arith,
            "act",
            "--input",
            "-",
            "--input-format",
            "json",
        ],
        "\u{feff}\"a\"\n",
    );
    assert_eq!(json.stdout, "\"a\"\n", "{json:?}");
}

#[test]
fn a_line_of_numbers_refers_to_nothing() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let map = ["map", &arith, "double", "--input", "-"];
    let marked = wask.run_with_stdin(&map, "\u{feff}1\r\n\n2");
    assert_eq!(marked.stdout, "2\n4\n", "{marked:?}");
    for line in ["@file(\"/etc/hostname\")", "@stdin", "@x", "_"] {
        let output = wask.run_with_stdin(&map, &format!("1\n{line}\n"));
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output:?}");
        assert!(output.stderr.contains("stdin, line 2: "), "{output:?}");
    }
}

#[test]
fn nothing_to_map_over_is_nothing_to_do() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let empty = wask.write("empty", "");
    for arguments in [
        &["--input", "-"][..],
        &["--input", &empty],
        &["--input", "-", "--json"],
    ] {
        let output = wask.run_with_stdin(&[&["map", &arith, "double"], arguments].concat(), "");
        assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output:?}");
        assert!(
            output
                .stderr
                .contains("there are no items, so nothing is done"),
            "{output:?}"
        );
    }
    let none = wask.fails(2, &["map", &arith, "double"]);
    assert!(none.contains("--input FILE"), "{none}");
}

#[track_caller]
fn check_clean(wask: &Wask, arguments: &[&str]) {
    let output = wask.run(arguments);
    assert!(is_clean(&output.stdout), "{arguments:?}: {output:?}");
    assert!(is_clean(&output.stderr), "{arguments:?}: {output:?}");
}

#[test]
fn nothing_that_strangers_wrote_acts_on_a_terminal() {
    let cluster = Cluster::start(1, 2);
    let wask = &cluster.wask;
    let hostile = guest("hostile.wasm");
    let check = |arguments: &[&str]| check_clean(wask, arguments);
    for (number, text) in HOSTILE.iter().enumerate() {
        let quoted = format!("{text:?}");
        // What the system hands over as an argument has no null byte.
        let typed = text.replace('\0', "");
        let file = wask.write(&format!("{number}/{typed}.txt").replace("\u{0}", ""), text);
        let graph = wask.write(
            &format!("{number}.json"),
            format!(r#"{{"tasks": {{"{typed}": {{}}}}}}"#),
        );
        let name = format!("d{number}");
        for arguments in [
            &["call", &hostile, &format!("panic-now({quoted})")][..],
            &[
                "submit",
                &hostile,
                &format!("panic-now({quoted})"),
                "--as",
                &name,
            ],
            &["result", &name],
            &["wait", &name],
            &["map", &hostile, "act", &typed],
            &["map", &hostile, "act", &typed, "--json"],
            &["map", &hostile, "act", &typed, "--tag"],
            &["map", &hostile, "act", "--files", &file, "--tag", "--json"],
            &[
                "map",
                &hostile,
                "panic-now",
                "--files",
                &file,
                "--keep-going",
            ],
            &[
                "map",
                &hostile,
                "panic-now",
                "--files",
                &file,
                "--keep-going",
                "--json",
            ],
            &["call", &hostile, &typed],
            &["call", &hostile, &format!("act({typed})")],
            &["call", &typed, "f()"],
            &["inspect", &typed],
            &["compute", &graph],
            &["compute", &typed],
            &["result", &typed],
            &["submit", &hostile, "shout(10)", "--as", &typed],
            &[&typed],
            &["map", &format!("--{typed}")],
        ] {
            check(arguments);
        }
    }
    for arguments in [
        &["datasets", "-l"][..],
        &["datasets", "--json"],
        &["status"],
        &["status", "--json"],
        &["components"],
    ] {
        check(arguments);
    }
}

#[test]
fn a_guest_whose_names_are_hostile_is_shown_as_it_is() {
    let wask = Wask::new();
    let guest = wask.write(
        "names.wat",
        "(component (core module $\"\\1b[31m\\e2\\80\\ae\" (func $\"f\\1b]0;x\\07\" (export \"f\") unreachable)
           (func (export \"g\") (result i32) (i32.const 0)))
           (core instance $i (instantiate 0))
           (func (export \"boom\") (canon lift (core func $i \"f\"))))",
    );
    let output = wask.run(&["call", &guest, "boom()"]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(is_clean(&output.stderr), "{output:?}");
    assert!(
        output
            .stderr
            .contains("\\u{1b}[31m\\u{202e}!f\\u{1b}]0;x\\u{7}"),
        "{output:?}"
    );
}

#[test]
fn a_function_that_is_called_f_is_no_float() {
    let wask = Wask::new();
    let guest = wask.write(
        "f.wat",
        "(component (core module $m (func $f (export \"f\") unreachable))
           (core instance $i (instantiate $m))
           (func (export \"boom\") (canon lift (core func $i \"f\"))))",
    );
    let said = wask.fails(1, &["call", &guest, "boom()"]);
    assert!(said.contains("m!f\n") || said.ends_with("m!f\n"), "{said}");
    let panic = wask.fails(
        1,
        &["call", &wask_e2e::guest("hostile.wasm"), "panic-now(\"x\")"],
    );
    assert!(panic.contains("core::panicking::panic_fmt"), "{panic}");
    assert!(!panic.contains("_ZN"), "{panic}");
}

#[test]
fn numbers_are_what_was_typed() {
    let wask = Wask::new();
    let shapes = guest("shapes.wasm");
    for (call, shown) in [
        ("id-f64(1e300)", "1e300"),
        ("id-f64(0.1)", "0.1"),
        ("id-f64(-inf)", "-inf"),
        ("id-f64(5e-324)", "5e-324"),
        ("id-f64(100000)", "100000"),
    ] {
        assert_eq!(wask.ok(&["call", &shapes, call]), shown);
    }
    for call in [
        "id-f64(1e400)",
        "id-f64(-1e400)",
        "id-f32(1e39)",
        "id-u8(256)",
    ] {
        let said = wask.fails(2, &["call", &shapes, call]);
        let typed = call.split(['(', ')']).nth(1).unwrap();
        assert!(said.contains(typed), "{said}");
    }
}
