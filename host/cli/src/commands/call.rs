//! `wask call`

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use clap::Args;
use wask_client::{Encoded, Future};
use wask_core::{FailureKind, time_text};
use wask_sandbox::{Cancel, Config, Outcome, Report, Sandbox};
use wask_value::{FunctionType, wave};

use super::compile_child::compiler;
use crate::{
    args::{ClusterArgs, LimitArgs, OutputArgs},
    block_on,
    cluster::{Choice, Cluster, Context},
    component::{Call, Signature, Target},
    exit::{Exit, Failed, Result},
    expression::{FutureRef, Template, dataset_names},
    failure, interrupt,
    output::Output,
};

/// Call a function here, in a sandbox, without a cluster
///
/// Results that a cluster keeps may be arguments: `@NAME` is brought here first.
///
/// What the function writes to stdout and stderr is shown on stderr.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask call words.wasm 'count-words(\"to be or not to be\")'
  wask call words.wasm 'count-words(@file(\"hamlet.txt\"))' --json
  curl -s https://example.org | wask call words.wasm 'count-words(@stdin)' --timeout 10s
  wask call words.wasm 'merge(@counts)'       with what a cluster has computed
  wask call image.wasm 'thumbnail(@file(\"in.png\"), 128)' -o out.png")]
pub(crate) struct CallArgs {
    /// A file
    component: String,

    /// FUNCTION or 'FUNCTION(ARGUMENT, ..)'
    #[arg(value_name = "CALL")]
    call: String,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &CallArgs, context: &Context) -> Result {
    let component = Target::load(&args.component)?.file()?;
    let call = Call::parse(&args.call)?;
    let function = component.function(call.name)?;
    let signature = Signature {
        name: function.name.clone(),
        ty: function.ty.clone(),
    };
    let mut output = Output::open(&args.output)?;
    let result_type = signature.ty.value_type();
    output.check(&result_type)?;
    let texts = call.once(&signature)?;
    let template = match dataset_names(&args.call).is_empty() {
        true => context
            .scope()
            .arguments(&signature.name, &signature.ty, &texts)?,
        false => block_on(fetched(args, context, &signature, &texts))?,
    };
    let arguments = template.encode(&signature.ty)?;

    let sandbox = Sandbox::new(Config {
        slots: 1,
        cache_dir: Some(context.paths.compiled_code()),
        compiler: Some(compiler()),
        ..Config::default()
    })?;
    let limits = args.limits.for_sandbox()?;
    let compiling = context.compiling(&component);
    let compiled = match limits.fuel {
        Some(_) => sandbox.compile_metered(&component)?,
        None => sandbox.compile(&component)?,
    };
    drop(compiling);
    let Some(handle) = compiled.function(&signature.name) else {
        let message = format!("`{}` is not in the compiled component", signature.name);
        return Err(Failed::message(Exit::Machine, message));
    };
    let cancel = Cancel::new();
    let stopped = Arc::new(OnceLock::new());
    let (on_stop, stop) = (stopped.clone(), cancel.clone());
    interrupt::on_signal(move |exit| {
        // Only the first signal counts.
        let _ = on_stop.set(exit);
        stop.cancel();
    })?;
    let call = wask_sandbox::Call {
        function: handle,
        arguments: &arguments,
        nonce: None,
        limits,
    };
    let report = sandbox.run(&compiled, &call, &cancel);
    match value(&signature, report) {
        Ok((value, log)) => {
            show_log(context, &log);
            output.value(&result_type, &value)?;
            output.finish()
        }
        Err(failed) => match stopped.get() {
            Some(exit) => Err(Failed::message(*exit, "stopped")),
            None => Err(failed),
        },
    }
}

/// The arguments, with what datasets hold brought here from their cluster.
async fn fetched(
    args: &CallArgs,
    context: &Context,
    function: &Signature,
    texts: &[&str],
) -> Result<Template> {
    let mut cluster = Cluster::new(context, Choice::any(context, &args.cluster)?);
    let scope = cluster.scope(texts, false).await?;
    let mut template = scope.arguments(&function.name, &function.ty, texts)?;
    let mut places = Vec::new();
    template.arguments.futures(&mut places);
    let client = cluster.client().await?;
    // The scope has checked that there is one for each place.
    let future = |place: &FutureRef| {
        let dataset = cluster.datasets().get(&*place.dataset)?;
        dataset.futures.get(place.index).cloned()
    };
    let futures: Vec<Future> = places.iter().filter_map(future).collect();
    let values = client.gather_encoded(&futures).await;
    let values = values.map_err(failure::explain)?;
    let values: HashMap<FutureRef, Encoded> = places.into_iter().zip(values).collect();
    let value_of = |place: &FutureRef| values.get(place).cloned();
    template.arguments.fill_futures(&value_of);
    cluster.close().await;
    Ok(template)
}

fn show_log(context: &Context, log: &[u8]) {
    let text = String::from_utf8_lossy(log);
    for line in text.lines() {
        context.note(format_args!("log: {line}"));
    }
}

/// The value and the log of a good outcome, or what shall be told of any other.
fn value(signature: &Signature, report: Report) -> Result<(Bytes, Vec<u8>)> {
    use FailureKind as Kind;
    let mut frames = Vec::new();
    let (kind, message) = match report.outcome {
        Outcome::Value(value) => return Ok((value, report.log.bytes)),
        Outcome::GuestError(value) => (Kind::GuestError, guest_error(&signature.ty, &value)),
        Outcome::Trap { message, backtrace } => {
            frames = backtrace;
            (Kind::Trap, message)
        }
        Outcome::Deadline => (
            Kind::Deadline,
            format!("stopped after {}", time_text(report.duration)),
        ),
        Outcome::OutOfMemory => (
            Kind::OutOfMemory,
            format!("it held {} bytes and wanted more", report.peak_memory),
        ),
        Outcome::OutOfFuel => (Kind::OutOfFuel, "it used up its fuel".into()),
        Outcome::OutputTooLarge => (Kind::OutputTooLarge, "the result exceeds its limit".into()),
        Outcome::Cancelled => (Kind::Cancelled, "it was cancelled".into()),
        Outcome::BadArguments(fault) => (Kind::BadArguments, fault),
        Outcome::Undefined(why) => (Kind::Operator, why),
        Outcome::Unavailable(why) => return Err(Failed::message(Exit::Machine, why)),
    };
    let log = String::from_utf8_lossy(&report.log.bytes);
    let details = failure::details(kind, &frames, &log);
    let name = &signature.name;
    Err(Failed::message(
        Exit::Task,
        format!("{name} failed: {kind}: {message}{details}"),
    ))
}

/// The error value as WAVE.
fn guest_error(ty: &FunctionType, value: &[u8]) -> String {
    let Some(ty) = ty.error_type() else {
        return "the function returned an error without a value".into();
    };
    let value = wask_value::decode(&ty, value).and_then(|value| wave::to_string(&ty, &value));
    value.unwrap_or_else(|error| format!("an error value that cannot be shown: {error}"))
}
