//! Writes `src/generated/` from `capnp/`. Needs the `capnp` compiler: `make schema`.

use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = root.join("src/generated");
    let mut command = capnpc::CompilerCommand::new();
    command.src_prefix(root.join("capnp")).output_path(&output);
    let mut hasher = blake3::Hasher::new();
    for schema in [
        "common", "gateway", "record", "session", "transfer", "worker",
    ] {
        let path = root.join("capnp").join(schema).with_extension("capnp");
        hasher.update(&fs::read(&path)?);
        command.file(path);
    }
    command.run()?;
    // Lets a test notice a schema that has changed since, where there is no compiler.
    fs::write(
        output.join("SCHEMA.blake3"),
        format!("{}\n", hasher.finalize()),
    )?;
    Ok(())
}
