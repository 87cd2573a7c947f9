//! Validation, and what is gathered on the way: one pass over the bytes.

use wasmparser::{
    BinaryReaderError, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, Payload,
    ValidPayload, Validator, ValidatorResources, WasmFeatures, types::Types,
};

use crate::{Error, Limits, docs, text};

/// The Wasm features that a component may use: Wasm 3 and the component model, without threads,
/// garbage collection and exceptions. Workers configure their engine to the same.
pub const fn features() -> WasmFeatures {
    WasmFeatures::WASM3
        .union(WasmFeatures::COMPONENT_MODEL)
        .difference(WasmFeatures::THREADS)
        .difference(WasmFeatures::GC_TYPES)
        .difference(WasmFeatures::EXCEPTIONS)
}

/// Parts of the component model that workers do not run, but that are understood so far that the
/// functions which use them can be named.
const UNDERSTOOD: WasmFeatures = WasmFeatures::CM_ASYNC
    .union(WasmFeatures::CM_ASYNC_STACKFUL)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_ERROR_CONTEXT)
    .union(WasmFeatures::CM_FIXED_LENGTH_LISTS)
    .union(WasmFeatures::CM_MAP);

/// A valid component.
pub(crate) struct Validated {
    pub(crate) types: Types,
    /// The names of the imports and exports of the component itself, in order.
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) docs: docs::Found,
    /// The feature for which workers refuse the component as a whole.
    pub(crate) unsupported: Option<String>,
}

/// Validates all of a binary component, function bodies included.
pub(crate) fn validate(component: &[u8], limits: &Limits) -> Result<Validated, Error> {
    let error = match Pass::run(component, features(), limits)? {
        Ok(validated) => return Ok(validated),
        Err(error) => error,
    };
    let missing = error
        .missing_wasm_feature()
        .unwrap_or(WasmFeatures::empty());
    if missing.is_empty() || !UNDERSTOOD.contains(missing) {
        return Err(refusal(&error));
    }
    match Pass::run(component, features().union(UNDERSTOOD), limits)? {
        Ok(validated) => Ok(Validated {
            unsupported: Some(feature_name(missing)),
            ..validated
        }),
        Err(error) => Err(refusal(&error)),
    }
}

/// What the validator says, as this crate's error.
pub(crate) fn refusal(error: &BinaryReaderError) -> Error {
    let message = text::start(error.message(), text::MESSAGE_MAX).into_owned();
    let offset = error.offset();
    match error.missing_wasm_feature() {
        Some(feature) => Error::Feature {
            feature: feature_name(feature),
            message,
            offset,
        },
        None => Error::Invalid { message, offset },
    }
}

fn feature_name(feature: WasmFeatures) -> String {
    let known = [
        (
            WasmFeatures::CM_ASYNC,
            "asynchronous functions, streams or futures",
        ),
        (WasmFeatures::CM_ERROR_CONTEXT, "`error-context`"),
        (WasmFeatures::CM_FIXED_LENGTH_LISTS, "fixed-length lists"),
        (WasmFeatures::CM_MAP, "`map`"),
        (WasmFeatures::THREADS, "threads"),
        (WasmFeatures::GC_TYPES, "garbage collection"),
        (WasmFeatures::EXCEPTIONS, "exceptions"),
    ];
    match known.iter().find(|(known, _)| feature.contains(*known)) {
        Some((_, name)) => (*name).into(),
        None => {
            let names: Vec<String> = feature
                .iter_names()
                .map(|(name, _)| name.to_lowercase().replace('_', "-"))
                .collect();
            format!("the Wasm feature {}", names.join(", "))
        }
    }
}

/// One walk over the bytes with one set of features.
struct Pass<'a, 'l> {
    limits: &'l Limits,
    validator: Validator,
    /// How many modules and components are open; 1 in the component itself.
    depth: usize,
    bodies: Vec<(FuncToValidate<ValidatorResources>, FunctionBody<'a>)>,
    types: Option<Types>,
    imports: Vec<String>,
    exports: Vec<String>,
    /// Of imports and exports, in bytes.
    longest_name: usize,
    docs: docs::Found,
}

impl<'a, 'l> Pass<'a, 'l> {
    /// The outer error is a limit, the inner one the validator's.
    fn run(
        component: &'a [u8],
        features: WasmFeatures,
        limits: &'l Limits,
    ) -> Result<Result<Validated, BinaryReaderError>, Error> {
        let mut pass = Self {
            limits,
            validator: Validator::new_with_features(features),
            depth: 0,
            bodies: Vec::new(),
            types: None,
            imports: Vec::new(),
            exports: Vec::new(),
            longest_name: 0,
            docs: docs::Found::new(limits.max_docs_bytes),
        };
        let mut parser = Parser::new(0);
        parser.set_features(features);
        for payload in parser.parse_all(component) {
            let gathered = payload.and_then(|payload| {
                pass.validate(&payload)?;
                pass.gather(&payload)
            });
            if let Err(error) = gathered {
                return Ok(Err(error));
            }
            pass.check_limits()?;
        }
        Ok(pass.finish())
    }

    fn validate(&mut self, payload: &Payload<'a>) -> Result<(), BinaryReaderError> {
        match self.validator.payload(payload)? {
            ValidPayload::Func(func, body) => self.bodies.push((func, body)),
            ValidPayload::End(types) => {
                self.depth -= 1;
                // The outermost comes last.
                self.types = Some(types);
            }
            ValidPayload::Ok | ValidPayload::Parser(_) => {}
        }
        Ok(())
    }

    fn gather(&mut self, payload: &Payload<'a>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { .. } => self.depth += 1,
            Payload::ComponentImportSection(imports) if self.depth == 1 => {
                for import in imports.clone() {
                    let name = import?.name.name;
                    self.longest_name = self.longest_name.max(name.len());
                    self.imports.push(name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if self.depth == 1 => {
                for export in exports.clone() {
                    let name = export?.name.name;
                    self.longest_name = self.longest_name.max(name.len());
                    self.exports.push(name.to_owned());
                }
            }
            // A compiler writes into the module that it makes, a tool at the end of the component.
            Payload::CustomSection(section) if self.depth <= 2 => {
                self.docs
                    .read(section.name(), section.data(), self.depth == 1);
            }
            _ => {}
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Error> {
        let checks = [
            (self.imports.len(), "imports", self.limits.max_imports),
            (self.exports.len(), "exports", self.limits.max_functions),
            (
                self.longest_name,
                "bytes in a name",
                self.limits.max_name_bytes,
            ),
            (
                self.depth,
                "levels of nested components",
                self.limits.max_nesting,
            ),
        ];
        match checks.into_iter().find(|(count, _, limit)| count > limit) {
            Some((_, what, limit)) => Err(Error::TooMany { what, limit }),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<Validated, BinaryReaderError> {
        let mut allocations = FuncValidatorAllocations::default();
        for (func, body) in self.bodies {
            let mut validator = func.into_validator(allocations);
            validator.validate(&body)?;
            allocations = validator.into_allocations();
        }
        let Self {
            types,
            imports,
            exports,
            docs,
            ..
        } = self;
        // A parse that ends without an error ends with the end of the component.
        let types = types.expect("the parser reports the end of what it parsed");
        Ok(Validated {
            types,
            imports,
            exports,
            docs,
            unsupported: None,
        })
    }
}
