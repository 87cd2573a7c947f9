//! Results: from a flat slot and a guest's memory to encoded bytes.
#![expect(
    unsafe_code,
    reason = "wasmtime's traits for lifting are unsafe to implement"
)]

use wasmtime::{
    ValRaw,
    component::{
        __internal::{
            CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LiftContext,
            wasmtime_environ::component::StringEncoding,
        },
        ComponentNamedList, ComponentType, Lift,
    },
};

use super::{
    Refusal, allowance,
    layout::{self, Block, NAN32, NAN64, Scalar, Shape},
};

/// The canonical ABI returns this many flat values, and beyond that a pointer to memory.
const MAX_FLAT: usize = 1;
/// Output is charged in portions, since charging costs a call.
const PORTION: usize = 64 << 10;
/// Bytes made canonical at once after copying, small enough to be in the cache still.
const CHECKED: usize = 16 << 10;
/// Set in the length of a `latin1+utf16` string that is UTF-16.
const UTF16_TAG: usize = 1 << 31;

/// What a function returned, encoded.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Returned {
    /// The value, or what was in `ok`. Empty where there is none.
    Value(Vec<u8>),
    /// What was in `err`.
    Error(Vec<u8>),
}

// SAFETY: `Lower` is an array of one `ValRaw`, the most that the canonical ABI returns flat. `ABI`
// is read only when the type is a part of another, or has more than one flat value, and `Returned`
// is always the whole, with one.
unsafe impl ComponentType for Returned {
    type Lower = [ValRaw; MAX_FLAT];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        match ty {
            InterfaceType::Tuple(_) => Ok(()),
            _ => Err(wasmtime::format_err!("results are not a tuple")),
        }
    }
}

// SAFETY: `typecheck` accepts the tuple of any results, and lifting follows that tuple's types.
unsafe impl ComponentNamedList for Returned {}

// SAFETY: lifting reads the slot only where the function's type has a result; it is initialized
// even where not, since lowering wrote all slots. Memory is reached by bounds-checked slices alone.
unsafe impl Lift for Returned {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        source: &[ValRaw; MAX_FLAT],
    ) -> wasmtime::Result<Self> {
        let InterfaceType::Tuple(results) = ty else {
            wasmtime::bail!("results are not a tuple");
        };
        let types: &ComponentTypes = cx.types;
        let Some(result) = types[results].types.first().copied() else {
            return Ok(Self::Value(Vec::new()));
        };
        let abi = types.canonical_abi(&result);
        let lifting = Lifting {
            memory: cx.memory(),
            types,
            encoding: cx.options().string_encoding,
            paid: 0,
            out: Vec::new(),
        };
        if abi.flat_count(MAX_FLAT).is_some() {
            lifting.flat_result(result, &source[0])
        } else {
            let at = source[0].get_u32() as usize;
            let bytes = lifting.slice(at, 1, abi.size32 as usize, abi.align32)?;
            lifting.memory_result(result, bytes)
        }
    }

    /// Only for parts of other types, and a result is never that.
    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> wasmtime::Result<Self> {
        wasmtime::bail!("results are not part of another value")
    }
}

struct Lifting<'a> {
    memory: &'a [u8],
    types: &'a ComponentTypes,
    encoding: StringEncoding,
    /// How much output has been charged.
    paid: usize,
    out: Vec<u8>,
}

impl<'a> Lifting<'a> {
    fn shape(&self, ty: InterfaceType) -> Result<Shape<'a>, Refusal> {
        layout::shape(self.types, ty)
            .ok_or_else(|| Refusal::result("the result's type is not one of tasks"))
    }

    /// A result that is one flat value: its parts, if any, have no more than that one.
    fn flat_result(mut self, ty: InterfaceType, slot: &ValRaw) -> wasmtime::Result<Returned> {
        if let InterfaceType::Result(_) = ty {
            // Neither side has a value, else there would be more than the discriminant.
            return match slot.get_u32() {
                0 => Ok(Returned::Value(Vec::new())),
                1 => Ok(Returned::Error(Vec::new())),
                other => Err(no_case(other, 2).into()),
            };
        }
        self.flat(ty, slot)?;
        Ok(Returned::Value(self.out))
    }

    fn memory_result(mut self, ty: InterfaceType, bytes: &[u8]) -> wasmtime::Result<Returned> {
        if let (InterfaceType::Result(_), Shape::Cases(cases)) = (ty, self.shape(ty)?) {
            let (number, payload) = case(&cases, bytes)?;
            if let Some(payload) = payload {
                self.load(payload, &bytes[cases.payload_offset()..])?;
            }
            return Ok(match number {
                0 => Returned::Value(self.out),
                _ => Returned::Error(self.out),
            });
        }
        self.load(ty, bytes)?;
        Ok(Returned::Value(self.out))
    }

    /// Encodes a value that is in a slot.
    fn flat(&mut self, ty: InterfaceType, slot: &ValRaw) -> wasmtime::Result<()> {
        match self.shape(ty)? {
            // All 32 bits of the slot count, not only the byte that a bool has in memory.
            Shape::Scalar(Scalar::Bool) => self.put(&[u8::from(slot.get_u32() != 0)]),
            Shape::Scalar(scalar) => {
                let bytes = slot.get_u64().to_le_bytes();
                self.scalar(scalar, &bytes)
            }
            Shape::Fields(fields) => {
                for field in fields.types() {
                    self.flat(field, slot)?;
                }
                Ok(())
            }
            Shape::Cases(cases) => {
                let number = slot.get_u32();
                match cases.payload(number as usize) {
                    Some(None) => self.put(&number.to_le_bytes()[..cases.discriminant_size()]),
                    Some(Some(_)) => Err(not_flat().into()),
                    None => Err(no_case(number, cases.count).into()),
                }
            }
            Shape::Flags(count) => self.flags(count, &slot.get_u32().to_le_bytes()),
            Shape::String | Shape::List(_) => Err(not_flat().into()),
        }
    }

    /// Encodes a value that begins where `bytes` does.
    fn load(&mut self, ty: InterfaceType, bytes: &[u8]) -> wasmtime::Result<()> {
        match self.shape(ty)? {
            Shape::Scalar(scalar) => self.scalar(scalar, bytes),
            Shape::String => {
                let (at, count) = pointer(bytes);
                self.string(at, count)
            }
            Shape::List(element) => {
                let (at, count) = pointer(bytes);
                self.list(element, at, count)
            }
            Shape::Fields(fields) => {
                let mut offset = 0;
                for field in fields.types() {
                    let abi = self.types.canonical_abi(&field);
                    let at = abi.next_field32_size(&mut offset);
                    self.load(field, &bytes[at..])?;
                }
                Ok(())
            }
            Shape::Cases(cases) => {
                let (_, payload) = case(&cases, bytes)?;
                self.put(&bytes[..cases.discriminant_size()])?;
                match payload {
                    Some(payload) => self.load(payload, &bytes[cases.payload_offset()..]),
                    None => Ok(()),
                }
            }
            Shape::Flags(count) => self.flags(count, bytes),
        }
    }

    fn scalar(&mut self, scalar: Scalar, bytes: &[u8]) -> wasmtime::Result<()> {
        let bytes = &bytes[..scalar.size()];
        match scalar {
            // The canonical ABI: anything but zero is true.
            Scalar::Bool => self.put(&[u8::from(bytes[0] != 0)]),
            Scalar::Char => {
                let code = number(bytes);
                if char::from_u32(code).is_none() {
                    let fault = format!("{code:#x} is no character");
                    return Err(Refusal::BadResult(fault).into());
                }
                self.put(bytes)
            }
            Scalar::F32 => self.block(bytes, Block::F32),
            Scalar::F64 => self.block(bytes, Block::F64),
            Scalar::S8 | Scalar::U8 | Scalar::S16 | Scalar::U16 | Scalar::Int32 | Scalar::Int64 => {
                self.put(bytes)
            }
        }
    }

    /// Bits beyond the last flag mean nothing to the guest and are zero in the encoding.
    fn flags(&mut self, count: usize, bytes: &[u8]) -> wasmtime::Result<()> {
        let size = layout::flags_size(count);
        self.put(&bytes[..size])?;
        if let Some(last) = self.out.last_mut() {
            *last &= u8::MAX >> (size * 8 - count);
        }
        Ok(())
    }

    fn list(&mut self, element: InterfaceType, at: usize, count: usize) -> wasmtime::Result<()> {
        let abi = self.types.canonical_abi(&element);
        let size = abi.size32 as usize;
        let bytes = self.slice(at, count, size, abi.align32)?;
        self.put_count(count)?;
        if let Some(block) = layout::block(self.types, element) {
            return self.block(bytes, block);
        }
        for i in 0..count {
            self.load(element, &bytes[i * size..][..size])?;
        }
        Ok(())
    }

    fn string(&mut self, at: usize, count: usize) -> wasmtime::Result<()> {
        match self.encoding {
            StringEncoding::Utf8 => {
                let bytes = self.slice(at, count, 1, 1)?;
                // Charged first: the limit also bounds the time that checking takes.
                self.pay(4 + count)?;
                if simdutf8::basic::from_utf8(bytes).is_err() {
                    return Err(Refusal::result("a string is not UTF-8").into());
                }
                self.put_count(count)?;
                self.put(bytes)
            }
            StringEncoding::Utf16 => self.utf16(at, count),
            StringEncoding::CompactUtf16 if count & UTF16_TAG != 0 => {
                self.utf16(at, count ^ UTF16_TAG)
            }
            StringEncoding::CompactUtf16 => {
                let latin1 = self.slice(at, count, 1, 2)?;
                self.text(latin1.iter().map(|byte| Ok(char::from(*byte))))
            }
        }
    }

    fn utf16(&mut self, at: usize, count: usize) -> wasmtime::Result<()> {
        let units = self.slice(at, count, 2, 2)?.as_chunks().0;
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let fault = || Refusal::result("a string is not UTF-16");
        self.text(char::decode_utf16(units).map(|decoded| decoded.map_err(|_| fault())))
    }

    /// Encodes characters as a string, whose length is known at the end.
    fn text(&mut self, chars: impl Iterator<Item = Result<char, Refusal>>) -> wasmtime::Result<()> {
        let start = self.out.len();
        self.put_count(0)?;
        for char in chars {
            self.put(char?.encode_utf8(&mut [0; 4]).as_bytes())?;
        }
        let count = u32::try_from(self.out.len() - start - 4)?;
        self.out[start..][..4].copy_from_slice(&count.to_le_bytes());
        Ok(())
    }

    /// Copies numbers, and makes NaNs canonical piece by piece while the piece is in the cache.
    fn block(&mut self, bytes: &[u8], block: Block) -> wasmtime::Result<()> {
        self.pay(bytes.len())?;
        if block == Block::Ints {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.out.reserve(bytes.len());
        for piece in bytes.chunks(CHECKED) {
            let start = self.out.len();
            self.out.extend_from_slice(piece);
            let piece = &mut self.out[start..];
            match block {
                Block::Ints => {}
                Block::F32 => piece.as_chunks_mut().0.iter_mut().for_each(canonical32),
                Block::F64 => piece.as_chunks_mut().0.iter_mut().for_each(canonical64),
            }
        }
        Ok(())
    }

    /// `count` elements of guest memory, if they are within it and aligned.
    fn slice(&self, at: usize, count: usize, size: usize, align: u32) -> Result<&'a [u8], Refusal> {
        if !at.is_multiple_of(align as usize) {
            return Err(Refusal::result(format!(
                "pointer {at:#x} is not aligned to {align}"
            )));
        }
        count
            .checked_mul(size)
            .and_then(|length| self.memory.get(at..)?.get(..length))
            .ok_or_else(|| {
                Refusal::result(format!(
                    "{count} × {size} bytes at {at:#x} are out of bounds"
                ))
            })
    }

    fn put_count(&mut self, count: usize) -> wasmtime::Result<()> {
        self.put(&u32::try_from(count)?.to_le_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<()> {
        self.pay(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Makes sure that `count` more bytes of output have been charged.
    #[inline]
    fn pay(&mut self, count: usize) -> Result<(), Refusal> {
        let needed = self.out.len() + count;
        if needed > self.paid {
            self.pay_portion(needed)?;
        }
        Ok(())
    }

    #[cold]
    fn pay_portion(&mut self, needed: usize) -> Result<(), Refusal> {
        let exact = needed - self.paid;
        let portion = exact.max(PORTION);
        // The last portion may be smaller than the others.
        if allowance::take(portion) {
            self.paid += portion;
        } else if allowance::take(exact) {
            self.paid += exact;
        } else {
            return Err(Refusal::OutputTooLarge);
        }
        Ok(())
    }
}

/// The case and its payload's type of a variant in memory.
fn case(cases: &layout::Cases<'_>, bytes: &[u8]) -> Result<(u32, Option<InterfaceType>), Refusal> {
    let number = number(&bytes[..cases.discriminant_size()]);
    match cases.payload(number as usize) {
        Some(payload) => Ok((number, payload)),
        None => Err(no_case(number, cases.count)),
    }
}

/// Where a string or list is, and its length.
fn pointer(bytes: &[u8]) -> (usize, usize) {
    (number(&bytes[..4]) as usize, number(&bytes[4..8]) as usize)
}

/// Up to four bytes as a number.
fn number(bytes: &[u8]) -> u32 {
    let mut number = [0; 4];
    number[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(number)
}

fn canonical32(bytes: &mut [u8; 4]) {
    let bits = u32::from_le_bytes(*bytes);
    let nan = f32::from_bits(bits).is_nan();
    *bytes = if nan { NAN32 } else { bits }.to_le_bytes();
}

fn canonical64(bytes: &mut [u8; 8]) {
    let bits = u64::from_le_bytes(*bytes);
    let nan = f64::from_bits(bits).is_nan();
    *bytes = if nan { NAN64 } else { bits }.to_le_bytes();
}

fn no_case(number: u32, count: usize) -> Refusal {
    Refusal::BadResult(format!("there is no case {number}, only {count} cases"))
}

/// Wasmtime counts flat values as we do, so this is never seen.
fn not_flat() -> Refusal {
    Refusal::result("the result is not a flat value")
}
