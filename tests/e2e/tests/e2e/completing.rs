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
fn where_there_is_no_cluster_files_are_offered_and_nothing_is_said() {
    let wask = Wask::new();
    assert_eq!(offered(&wask, &["gather", "@"]), "");
    let words = guest("word_count.wasm");
    let beginning = words.strip_suffix("unt.wasm").unwrap();
    assert_eq!(offered(&wask, &["map", beginning]), words);
    assert_eq!(offered(&wask, &["map", &words, "merg"]), "merge");
    assert_eq!(offered(&wask, &["map", "/no/such.wasm", "f"]), "");
}
