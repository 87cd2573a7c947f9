//! A component's world as WIT text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wit_component::{DecodedWasm, OutputToString, WitPrinter, decode};

use crate::Error;

/// The world that a component implements, and all that it refers to.
pub(crate) fn of(component: &[u8]) -> Result<String, Error> {
    let refused = |reason: String| Error::World { reason };
    // It is made for components of well-meaning toolchains, and this one may come from anywhere.
    let printed = catch_unwind(AssertUnwindSafe(|| print(component)));
    printed
        .map_err(|_| refused("its types are not such as WIT can say".into()))?
        .map_err(refused)
}

fn print(component: &[u8]) -> Result<String, String> {
    let shown = |error: &dyn std::fmt::Display| format!("{error:#}");
    let (resolve, world) = match decode(component).map_err(|error| shown(&error))? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => return Err("it is a WIT package".into()),
    };
    let package = resolve.worlds[world].package.ok_or("it has no package")?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).collect();
    let others: Vec<_> = others.into_iter().filter(|id| *id != package).collect();
    let mut printer = WitPrinter::<OutputToString>::default();
    let printed = printer.print(&resolve, package, &others);
    printed.map_err(|error| shown(&error))?;
    Ok(printer.output.to_string())
}
