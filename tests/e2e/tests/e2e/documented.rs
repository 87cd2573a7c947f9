//! What documentation shows to be typed, and what is printed then.

use std::fs;

use wask_e2e::{Cluster, repository};

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

/// One session after another, as a reader would type them.
#[test]
fn managing_computation() {
    let documents = repository().join("host/client/docs");
    let page = fs::read_to_string(documents.join("managing-computation.md")).unwrap();
    let sessions = sessions(&page);
    assert!(!sessions.is_empty());

    let cluster = Cluster::start(2, 1);
    for file in ["numbers.wat"] {
        let content = fs::read(documents.join(file)).unwrap();
        cluster.wask.write(file, content);
    }
    for session in sessions {
        let output = cluster.wask.shell(&session.commands);
        let at = format!("managing-computation.md:{}: {output:?}", session.line);
        assert_eq!(output.code, 0, "{at}");
        assert_eq!(output.stdout, session.printed, "{at}");
    }
}
