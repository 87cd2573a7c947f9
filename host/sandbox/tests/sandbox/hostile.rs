//! Guests that try to make the host do more than they may.

use std::{fs, sync::Arc};

use bytes::Bytes;
use wask_component::Component;
use wask_core::{Arguments, Definition, Digest, Failure, TaskKind, TaskOptions, TaskSpec, TypeId};
use wask_sandbox::{Cancel, FAILURE_MAX, Outcome, Report, TaskLimits};
use wask_value::Type;

use crate::support::{Guest, LIMITS};

const MEMORY: &str = r#"(memory (export "memory") 1)"#;

/// More than the host may take for any of these guests.
const TOO_MUCH: u64 = 64 << 20;

/// The most memory that this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches("kB").trim();
    kib.parse::<u64>().unwrap() << 10
}

/// What becomes of a guest, and that the host took little for it beyond the guest's own memory.
fn run(guest: &Guest, function: &str, limits: TaskLimits) -> Report {
    let before = peak_memory();
    let report = guest.run_with(function, &[], limits, &Cancel::new());
    let grown = peak_memory().saturating_sub(before);
    let own = report.peak_memory;
    assert!(
        grown < own + TOO_MUCH,
        "the host took {grown} bytes, the guest had {own}"
    );
    report
}

/// The failure that a report is, whose size is within what guests can cause.
fn failure(report: Report, limits: TaskLimits, error_type: Option<&Type>) -> Arc<Failure> {
    let kind = TaskKind::function(Digest([1; 32]), "f");
    let definition = Definition::new("default", kind, TaskOptions::default());
    let arguments = Arguments::default();
    let task = TaskSpec::new(Arc::new(definition), arguments, [].into(), 0, TypeId(0));
    let result = report.value_or_failure(&task, "", &limits, error_type);
    let failure = result.unwrap_err();
    let size = failure.message.len()
        + failure.log.len()
        + failure.backtrace.iter().map(String::len).sum::<usize>()
        + failure.value.as_ref().map_or(0, |value| value.len())
        + failure.error_type.as_ref().map_or(0, |ty| ty.len());
    assert!(size <= FAILURE_MAX, "a failure of {size} bytes");
    failure
}

/// A guest of one function `f`, in a memory of as many pages.
fn module(pages: u32, name: &str, ty: &str, result: &str, body: &str) -> Guest {
    let memory = format!(r#"(memory (export "memory") {pages})"#);
    let function = format!(r#"(func {name} (export "f") {result} {body})"#);
    Guest::module(&format!("{memory} {function}"), &[("f", ty)])
}

/// Each `S…_` stands for all that came before it, so the name means 69 MB of text.
const BOMB: &str = "_Z1fSt4pairIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_E\
    S_IS6_S6_ES_IS7_S7_ES_IS8_S8_ES_IS9_S9_ES_ISA_SA_ES_ISB_SB_ES_ISC_SC_ES_ISD_SD_ES_ISE_SE_E\
    S_ISF_SF_ES_ISG_SG_ES_ISH_SH_ES_ISI_SI_ES_ISJ_SJ_E";

#[test]
fn names_of_functions_are_told_as_the_guest_gave_them() {
    let guest = module(1, &format!(r#"$"{BOMB}""#), "", "", "unreachable");
    let Outcome::Trap { backtrace, .. } = run(&guest, "f", LIMITS).outcome else {
        panic!("it traps");
    };
    assert_eq!(backtrace, [format!("m!{BOMB}")]);
}

#[test]
fn names_of_any_length_are_cut() {
    for length in [99_000, 1 << 20] {
        let name = "é".repeat(length / 2);
        let guest = module(1, &format!(r#"$"{name}""#), "", "", "unreachable");
        let report = run(&guest, "f", LIMITS);
        let failure = failure(report, LIMITS, None);
        assert_eq!(failure.backtrace, [format!("m!{}…", "é".repeat(128))]);
    }
}

#[test]
fn ten_thousand_frames_of_long_names_are_a_short_backtrace() {
    let (module, name) = ("m".repeat(90_000), "n".repeat(90_000));
    let guest = Guest::wat(&format!(
        r#"(component
          (core module ${module}
            {MEMORY}
            (func ${name} (param i32)
              (if (i32.eqz (local.get 0)) (then unreachable))
              (call ${name} (i32.sub (local.get 0) (i32.const 1))))
            (func (export "f") (call ${name} (i32.const 10000))))
          (core instance $i (instantiate ${module}))
          (func (export "f") (canon lift (core func $i "f"))))"#
    ));
    let failure = failure(run(&guest, "f", LIMITS), LIMITS, None);
    assert_eq!(failure.backtrace.len(), 20, "{:?}", failure.backtrace);
    let frame = format!("{}…!{}…", &module[..256], &name[..256]);
    assert_eq!(failure.backtrace[0], frame);
}

#[test]
fn an_error_value_of_64_mib_is_told_and_not_carried() {
    let list = |ty: &str| {
        let result = format!("(result (result (error {ty})))");
        let data = "(i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 16)) \
            (i32.store (i32.const 8) (i32.const 0x4000000)) \
            (memory.fill (i32.const 16) (i32.const 65) (i32.const 0x4000000)) (i32.const 0)";
        module(1025, "", &result, "(result i32)", data)
    };
    let limits = TaskLimits {
        memory: 128 << 20,
        max_output: 128 << 20,
        ..LIMITS
    };
    for (ty, part) in [
        ("string", "AAAA"),
        ("(list u8)", "list<u8>, 67108868 bytes"),
    ] {
        let guest = list(ty);
        let report = guest.run_with("f", &[], limits, &Cancel::new());
        let error = match ty {
            "string" => Type::String,
            _ => Type::list(Type::U8),
        };
        let before = peak_memory();
        let failure = failure(report, limits, Some(&error));
        assert!(peak_memory().saturating_sub(before) < TOO_MUCH / 2);
        assert!(failure.message.contains(part), "{}", failure.message);
        assert_eq!(failure.value, None);
        // And what is beyond the limit of the output is no error value at all.
        let report = guest.run_with(
            "f",
            &[],
            TaskLimits {
                max_output: 1 << 20,
                ..limits
            },
            &Cancel::new(),
        );
        assert_eq!(report.outcome, Outcome::OutputTooLarge);
    }
}

#[test]
fn a_component_that_is_refused_is_told_in_a_short_message() {
    let name = "x".repeat(90_000);
    let imports = format!(
        r#"(component (core module $m (import "{name}" "f" (func)))
          (core instance $i (instantiate $m)))"#
    );
    let error = Component::load(imports.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("xxx") && error.len() < 5_000,
        "{} bytes",
        error.len()
    );
}

/// Pages of the memory of guests that call WASI: more than they may hand over.
const PAGES: u32 = 600;

/// A guest whose function `f` is this body, with a memory and these functions of the host's:
/// `$get-stdout`, `$write`, `$print`, `$subscribe`, `$poll`, `$random`, and `$new`, which makes a
/// resource of its own.
fn wasi(body: &str) -> Guest {
    Guest::wat(&format!(
        r#"(component
          (import "wasi:io/poll@0.2.0" (instance $poll
            (export "pollable" (type $p (sub resource)))
            (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
          (alias export $poll "pollable" (type $pollable))
          (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
          (alias export $error "error" (type $err))
          (import "wasi:io/streams@0.2.0" (instance $streams
            (alias outer 1 $err (type $e'))
            (export "error" (type $e (eq $e')))
            (alias outer 1 $pollable (type $p'))
            (export "pollable" (type $p (eq $p')))
            (export "output-stream" (type $o (sub resource)))
            (type $failed' (variant (case "last-operation-failed" (own $e)) (case "closed")))
            (export "stream-error" (type $failed (eq $failed')))
            (export "[method]output-stream.write" (func
              (param "self" (borrow $o)) (param "contents" (list u8))
              (result (result (error $failed)))))
            (export "[method]output-stream.blocking-write-and-flush" (func
              (param "self" (borrow $o)) (param "contents" (list u8))
              (result (result (error $failed)))))
            (export "[method]output-stream.subscribe" (func
              (param "self" (borrow $o)) (result (own $p))))))
          (alias export $streams "output-stream" (type $output))
          (import "wasi:cli/stdout@0.2.0" (instance $stdout
            (alias outer 1 $output (type $o'))
            (export "output-stream" (type $o (eq $o')))
            (export "get-stdout" (func (result (own $o))))))
          (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
          (core module $libc
            (memory (export "memory") {PAGES})
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
          (core instance $libc (instantiate $libc))
          (alias core export $libc "memory" (core memory $memory))
          (alias core export $libc "realloc" (core func $realloc))
          (core func $get-stdout (canon lower (func $stdout "get-stdout")))
          (core func $write (canon lower (func $streams "[method]output-stream.write")
            (memory $memory)))
          (core func $print (canon lower
            (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
          (core func $subscribe (canon lower
            (func $streams "[method]output-stream.subscribe")))
          (core func $wait (canon lower (func $poll "poll") (memory $memory) (realloc $realloc)))
          (core func $bytes (canon lower (func $random "get-random-bytes")
            (memory $memory) (realloc $realloc)))
          (type $own (resource (rep i32)))
          (core func $new (canon resource.new $own))
          (core module $m
            (import "h" "memory" (memory 1))
            (import "h" "get-stdout" (func $get-stdout (result i32)))
            (import "h" "write" (func $write (param i32 i32 i32 i32)))
            (import "h" "print" (func $print (param i32 i32 i32 i32)))
            (import "h" "subscribe" (func $subscribe (param i32) (result i32)))
            (import "h" "poll" (func $poll (param i32 i32 i32)))
            (import "h" "random" (func $random (param i64 i32)))
            (import "h" "new" (func $new (param i32) (result i32)))
            (func (export "f") (local $i i32) (local $h i32) {body}))
          (core instance $i (instantiate $m (with "h" (instance
            (export "memory" (memory $memory))
            (export "get-stdout" (func $get-stdout))
            (export "write" (func $write))
            (export "print" (func $print))
            (export "subscribe" (func $subscribe))
            (export "poll" (func $wait))
            (export "random" (func $bytes))
            (export "new" (func $new))))))
          (func (export "f") (canon lift (core func $i "f"))))"#
    ))
}

/// The message of the trap that a guest which calls WASI ends in.
fn refused(body: &str) -> String {
    match run(&wasi(body), "f", LIMITS).outcome {
        Outcome::Trap { message, .. } => message,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn what_a_guest_prints_before_it_fails_is_cut() {
    let guest = wasi(
        "(local.set $h (call $get-stdout))
        (memory.fill (i32.const 64) (i32.const 255) (i32.const 4096))
        (loop $next
          (call $print (local.get $h) (i32.const 64) (i32.const 4096) (i32.const 0))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
        unreachable",
    );
    let failure = failure(run(&guest, "f", LIMITS), LIMITS, None);
    assert!(failure.log.starts_with("… "), "{}", failure.log);
}

#[test]
fn a_guest_may_print_more_than_it_may_return() {
    let guest =
        wasi("(call $write (call $get-stdout) (i32.const 64) (i32.const 65536) (i32.const 0))");
    let limits = TaskLimits {
        max_output: 0,
        ..LIMITS
    };
    assert_eq!(
        run(&guest, "f", limits).outcome,
        Outcome::Value(Bytes::new())
    );
}

#[test]
fn more_than_a_guest_may_hand_over_is_refused() {
    let write = |count: u32| {
        refused(&format!(
            "(call $write (call $get-stdout) (i32.const 64) (i32.const {count}) (i32.const 0))"
        ))
    };
    let message = write(32 << 20);
    assert!(message.contains("too much data"), "{message}");
    let message = write((64 << 10) + 1);
    assert!(message.contains("check-write"), "{message}");
}

#[test]
fn more_randomness_than_the_host_makes_at_once_is_refused() {
    let message = refused("(call $random (i64.const 0x1_0000_0000) (i32.const 0))");
    assert!(message.contains("exceeds limit"), "{message}");
}

#[test]
fn endless_lists_of_pollables_are_refused() {
    // One pollable, named again and again.
    let wait = |count: u32| {
        refused(&format!(
            "(local.set $h (call $subscribe (call $get-stdout)))
            (loop $next
              (i32.store (i32.add (i32.const 64) (local.get $i)) (local.get $h))
              (local.set $i (i32.add (local.get $i) (i32.const 4)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 0x2000000))))
            (call $poll (i32.const 64) (i32.const {count}) (i32.const 0))"
        ))
    };
    let message = wait(8 << 20);
    assert!(message.contains("too much data"), "{message}");
    let message = wait(200_000);
    assert!(message.contains("handle limit"), "{message}");
}

#[test]
fn endless_resources_are_refused() {
    let again = |body: &str| refused(&format!("(loop $next {body} (br $next))"));
    let message = again("(drop (call $get-stdout))");
    assert!(message.contains("resource table"), "{message}");
    let message = again(
        "(if (i32.eqz (local.get $h)) (then (local.set $h (call $get-stdout))))
        (drop (call $subscribe (local.get $h)))",
    );
    assert!(message.contains("resource table"), "{message}");
    // Resources of its own, of which the host keeps the handles.
    let message = again("(drop (call $new (i32.const 7)))");
    assert!(message.contains("handle limit"), "{message}");
}
