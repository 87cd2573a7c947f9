//! `wask compile-child`, which compiles a component for the `wask` that started it.

use std::io;

use clap::Args;
use tokio::task::spawn_blocking;
use wask_component::Component;
use wask_sandbox::{Compiler, Config, Error, Sandbox, compile_child};

use crate::{
    cluster::Context,
    exit::{Exit, OrExit, Result},
};

/// The name of the command.
const NAME: &str = "compile-child";

/// Compile the component that comes on stdin, within limits, and write the code to stdout
#[derive(Args, Debug)]
pub(crate) struct CompileChildArgs {}

pub(crate) fn run() -> Result {
    let compiled = compile_child(io::stdin().lock(), io::stdout().lock());
    compiled.or_exit(Exit::Machine, || "cannot answer who asked for this")
}

/// Compiles a component that has functions as a worker would, and keeps the code for one that runs
/// here: that it takes too long, or too much, is told before anything is sent.
///
/// # Errors
/// What a task of the component would fail with.
pub(crate) async fn check(component: &Component, context: &Context) -> Result {
    if component.interface().functions.is_empty() {
        return Ok(());
    }
    let config = Config {
        slots: 1,
        cache_dir: Some(context.paths.compiled_code()),
        compiler: Some(compiler()),
        ..Config::default()
    };
    let _compiling = context.compiling(component);
    let component = component.clone();
    let compiled = spawn_blocking(move || Sandbox::new(config)?.compile(&component).map(drop));
    let compiled = compiled.await;
    match compiled.or_exit(Exit::Machine, || "cannot compile")? {
        Err(error @ (Error::Compile { .. } | Error::Link { .. })) => Err(error.into()),
        // What this machine can not do says nothing of the component.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What compiles for this process: this program, in processes of its own.
pub(crate) fn compiler() -> Compiler {
    Compiler::this_program(&[NAME])
}
