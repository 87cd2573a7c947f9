//! What documentation shows to be typed, and what is printed then.

use std::{fs, os::unix::fs::symlink};

use wask_e2e::{Cluster, Wask, guest, repository};

/// A block of lines that begin with `$ `, and what they print.
#[derive(Debug, Default)]
struct Session {
    /// Where it begins in the document, counted from 1.
    line: usize,
    commands: String,
    printed: String,
}

/// The blocks of a document that are marked as `console`.
fn sessions(document: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut open: Option<Session> = None;
    for (line, text) in document.lines().enumerate() {
        match (&mut open, text) {
            (None, "```console") => {
                open = Some(Session {
                    line: line + 1,
                    ..Session::default()
                });
            }
            (None, _) => {}
            (Some(_), "```") => sessions.extend(open.take()),
            (Some(session), text) => {
                let (kind, text) = match text.strip_prefix("$ ") {
                    Some(command) => (&mut session.commands, command),
                    None => (&mut session.printed, text),
                };
                kind.push_str(text);
                kind.push('\n');
            }
        }
    }
    sessions
}

/// Types the sessions of a document one after another, as a reader would.
fn type_along(wask: &Wask, document: &str) {
    let text = fs::read_to_string(repository().join(document)).unwrap();
    let sessions = sessions(&text);
    assert!(!sessions.is_empty(), "{document}");
    for session in sessions {
        let output = wask.shell(&session.commands);
        let at = format!("{document}:{}: {output:?}", session.line);
        assert_eq!(output.code, 0, "{at}");
        assert_eq!(output.stdout, session.printed, "{at}");
    }
}

/// A cluster, and a home where `target/guests` is found.
fn cluster_with_guests() -> Cluster {
    let cluster = Cluster::start(2, 1);
    let target = cluster.wask.home().join("target");
    fs::create_dir(&target).unwrap();
    symlink(repository().join("target/guests"), target.join("guests")).unwrap();
    cluster
}

#[test]
fn managing_computation() {
    let cluster = cluster_with_guests();
    // Beside the page stand the files that it names.
    let folder = "host/client/docs";
    for file in fs::read_dir(repository().join(folder)).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        cluster.wask.write(&name, fs::read(file.path()).unwrap());
    }
    type_along(&cluster.wask, &format!("{folder}/managing-computation.md"));
}

#[test]
fn log_report() {
    let cluster = cluster_with_guests();
    let arguments = [&guest("log_report.wasm"), "target/logs"];
    let report = cluster.wask.driver("log-report-driver", &arguments);
    assert_eq!(report.code, 0, "{report:?}");
    type_along(&cluster.wask, "examples/log-report/README.md");
}

#[test]
fn monte_carlo_pi() {
    let cluster = cluster_with_guests();
    type_along(&cluster.wask, "examples/monte-carlo-pi/README.md");
}
