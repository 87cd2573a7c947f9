//! What a shell offers while a command is typed.

use wask_e2e::{Cluster, Wask, guest};

/// What bash offers for the last of these words.
fn offered(wask: &Wask, words: &[&str]) -> String {
    let (last, typed) = (words.len(), words.join(" "));
    let word = words.last().unwrap();
    let output = wask.shell(&format!(
        "bash -c 'source <(wask completions bash)
         COMP_WORDS=(wask {typed}); COMP_CWORD={last}
         _clap_complete_wask wask {word} -
         echo \"${{COMPREPLY[*]}}\"'"
    ));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stderr, "", "it would land in the middle of the line");
    output.stdout.trim_end().to_owned()
}

#[test]
fn a_shell_is_told_names_components_and_functions() {
    let cluster = Cluster::start(1, 1);
    let wask = &cluster.wask;
    let words = guest("word_count.wasm");
    wask.ok(&["push", &words, "--as", "words"]);
    wask.ok(&["submit", "words", "count-words(\"a\")", "--as", "hamlet"]);
    wask.write("local.wasm", "");

    assert_eq!(offered(wask, &["gather", "@ha"]), "@hamlet");
    assert_eq!(
        offered(wask, &["map", "words", "count-words", "@"]),
        "@hamlet"
    );
    assert_eq!(offered(wask, &["release", "@nobody"]), "");
    assert_eq!(offered(wask, &["map", "wo"]), "words");
    assert_eq!(offered(wask, &["components", "--remove", "wo"]), "words");
    for component in ["words", &words] {
        assert_eq!(offered(wask, &["submit", component, "cou"]), "count-words");
    }
    assert_eq!(offered(wask, &["gath"]), "gather");
}

#[test]
fn the_cluster_that_is_asked_is_the_one_that_the_command_would_use() {
    let (here, there) = (Cluster::start(1, 1), Cluster::start(1, 1));
    let (near, far) = (&here.wask, &there.wask);
    near.ok(&["scatter", "1", "--type", "u32", "--as", "near"]);
    far.ok(&["scatter", "1", "--type", "u32", "--as", "far"]);
    assert_eq!(offered(near, &["gather", "@"]), "@near");
    assert_eq!(offered(far, &["gather", "@far", "@"]), "@far");
    let address = &*there.address;
    assert_eq!(
        offered(near, &["gather", "--scheduler", address, "@"]),
        "@far"
    );
}

/// Bash takes what it is offered as if it had been typed.
#[test]
fn what_a_shell_would_run_is_not_offered() {
    let wask = Wask::new();
    for name in [
        "z;touch PWNED;.wasm",
        "z$(touch PWNED).wasm",
        "z y.wasm",
        "zz.wasm",
    ] {
        wask.write(name, "");
    }
    let home = wask.home().display().to_string();
    assert_eq!(
        offered(&wask, &["inspect", &format!("{home}/z")]),
        format!("{home}/zz.wasm")
    );
}

#[test]
fn a_pipe_holds_up_no_completion() {
    let wask = Wask::new();
    let pipe = wask.home().join("pipe.wasm");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let pipe = pipe.display().to_string();
    assert_eq!(offered(&wask, &["map", &pipe, "f"]), "");
    assert_eq!(offered(&wask, &["gather", "--token-file", &pipe, "@"]), "");
}

#[test]
fn where_there_is_no_cluster_files_are_offered_and_nothing_is_said() {
    let wask = Wask::new();
    assert_eq!(offered(&wask, &["gather", "@"]), "");
    let words = guest("word_count.wasm");
    let beginning = words.strip_suffix("unt.wasm").unwrap();
    assert_eq!(offered(&wask, &["map", beginning]), words);
    assert_eq!(offered(&wask, &["map", &words, "merg"]), "merge");
    assert_eq!(offered(&wask, &["map", "/no/such.wasm", "f"]), "");
}
