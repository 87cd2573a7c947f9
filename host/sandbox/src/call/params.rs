//! Arguments: from encoded bytes to flat slots and a guest's memory.
#![expect(
    unsafe_code,
    reason = "wasmtime's traits for lowering are unsafe to implement"
)]

use std::mem::MaybeUninit;

use bytes::Bytes;
use wasmtime::{
    ValRaw,
    component::{
        __internal::{CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LowerContext},
        ComponentNamedList, ComponentType, Lower,
    },
};

use super::{
    Refusal,
    layout::{self, Block, Scalar, Shape},
    rope::Rope,
};

/// The canonical ABI passes up to this many flat values, and beyond that a pointer to memory.
const MAX_FLAT: usize = 16;
/// Bytes checked at once after copying, small enough to be in the cache still.
const CHECKED: usize = 16 << 10;

/// The encoded arguments of a call, in pieces.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a>(pub(crate) &'a [Bytes]);

// SAFETY: `Lower` is an array of `ValRaw`. It holds the most values that the canonical ABI passes
// flat, so there is room for every signature. `ABI` is read only when the type is a part of another
// or has more than 16 flat values, and `Arguments` is always the whole, with 16.
unsafe impl ComponentType for Arguments<'_> {
    type Lower = [ValRaw; MAX_FLAT];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        match ty {
            InterfaceType::Tuple(_) => Ok(()),
            _ => Err(wasmtime::format_err!("parameters are not a tuple")),
        }
    }
}

// SAFETY: `typecheck` accepts the tuple of any parameters, and lowering follows that tuple's types.
unsafe impl ComponentNamedList for Arguments<'_> {}

// SAFETY: lowering first initializes every slot, then writes those that the function's own type
// says will be read. The function reads no others. A slot always holds its value in the low bits
// with zeros above, which is right for whatever flat type the canonical ABI joined it to.
unsafe impl Lower for Arguments<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        target: &mut MaybeUninit<[ValRaw; MAX_FLAT]>,
    ) -> wasmtime::Result<()> {
        let slots = target.write([ValRaw::u64(0); MAX_FLAT]);
        let InterfaceType::Tuple(params) = ty else {
            wasmtime::bail!("parameters are not a tuple");
        };
        let types = cx.types;
        let abi = &types[params].abi;
        let mut lowering = Lowering {
            cx,
            types,
            rope: Rope::new(self.0),
        };
        if abi.flat_count(MAX_FLAT).is_some() {
            let mut flat = Flat { slots, next: 0 };
            for param in &types[params].types {
                lowering.flat(*param, &mut flat)?;
            }
        } else {
            let at = lowering.allocate(abi.size32 as usize, abi.align32)?;
            lowering.store(ty, at)?;
            slots[0] = ValRaw::i64(at as i64);
        }
        match lowering.rope.remaining() {
            0 => Ok(()),
            more => {
                let fault = format!("{more} bytes too many after the last argument");
                Err(Refusal::BadArguments(fault).into())
            }
        }
    }

    /// Only for parts of other types, and parameters are never that.
    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> wasmtime::Result<()> {
        wasmtime::bail!("arguments are not part of another value")
    }
}

/// The slots in order. Those that are skipped stay zero.
struct Flat<'s> {
    slots: &'s mut [ValRaw; MAX_FLAT],
    next: usize,
}

impl Flat<'_> {
    fn put(&mut self, value: u64) {
        self.slots[self.next] = ValRaw::u64(value);
        self.next += 1;
    }
}

struct Lowering<'c, 'a, 'r, T: 'static> {
    cx: &'c mut LowerContext<'a, T>,
    types: &'a ComponentTypes,
    rope: Rope<'r>,
}

impl<'a, T: 'static> Lowering<'_, 'a, '_, T> {
    fn shape(&self, ty: InterfaceType) -> Result<Shape<'a>, Refusal> {
        layout::shape(self.types, ty)
            .ok_or_else(|| Refusal::arguments("a parameter's type is not one of tasks"))
    }

    /// Moves the next value to slots.
    fn flat(&mut self, ty: InterfaceType, flat: &mut Flat<'_>) -> wasmtime::Result<()> {
        match self.shape(ty)? {
            Shape::Scalar(scalar) => flat.put(self.scalar(scalar)?),
            Shape::String => {
                let (at, count) = self.string()?;
                flat.put(at as u64);
                flat.put(count as u64);
            }
            Shape::List(element) => {
                let (at, count) = self.list(element)?;
                flat.put(at as u64);
                flat.put(count as u64);
            }
            Shape::Fields(fields) => {
                for field in fields.types() {
                    self.flat(field, flat)?;
                }
            }
            Shape::Cases(cases) => {
                let end = flat.next + self.flat_count(ty);
                let (number, payload) = self.case(&cases)?;
                flat.put(u64::from(number));
                if let Some(payload) = payload {
                    self.flat(payload, flat)?;
                }
                flat.next = end;
            }
            Shape::Flags(count) => {
                let mut words = vec![0; count.div_ceil(32) * 4];
                self.flags(count, &mut words)?;
                for word in words.as_chunks().0 {
                    flat.put(u64::from(u32::from_le_bytes(*word)));
                }
            }
        }
        Ok(())
    }

    /// Moves the next value to memory at `at`, which was bounds-checked when it was allocated.
    fn store(&mut self, ty: InterfaceType, at: usize) -> wasmtime::Result<()> {
        match self.shape(ty)? {
            Shape::Scalar(scalar) => {
                let bytes = self.scalar(scalar)?.to_le_bytes();
                self.put(at, &bytes[..scalar.size()]);
            }
            Shape::String => {
                let (pointer, count) = self.string()?;
                self.put_pointer(at, pointer, count)?;
            }
            Shape::List(element) => {
                let (pointer, count) = self.list(element)?;
                self.put_pointer(at, pointer, count)?;
            }
            Shape::Fields(fields) => {
                let mut offset = at;
                for field in fields.types() {
                    let abi = self.types.canonical_abi(&field);
                    let at = abi.next_field32_size(&mut offset);
                    self.store(field, at)?;
                }
            }
            Shape::Cases(cases) => {
                let (number, payload) = self.case(&cases)?;
                self.put(at, &number.to_le_bytes()[..cases.discriminant_size()]);
                if let Some(payload) = payload {
                    self.store(payload, at + cases.payload_offset())?;
                }
            }
            Shape::Flags(count) => {
                let mut bytes = vec![0; self.types.canonical_abi(&ty).size32 as usize];
                self.flags(count, &mut bytes)?;
                self.put(at, &bytes);
            }
        }
        Ok(())
    }

    /// The next number, in the low bits. Signed ones are extended to 32 bits, as slots want it.
    fn scalar(&mut self, scalar: Scalar) -> Result<u64, Refusal> {
        Ok(match scalar {
            Scalar::Bool => match self.rope.take::<1>()? {
                [bool @ 0..=1] => u64::from(bool),
                [other] => return Err(Refusal::arguments(format!("{other} is no bool"))),
            },
            Scalar::U8 => u64::from(u8::from_le_bytes(self.rope.take()?)),
            Scalar::S8 => extended(i8::from_le_bytes(self.rope.take()?).into()),
            Scalar::U16 => u64::from(u16::from_le_bytes(self.rope.take()?)),
            Scalar::S16 => extended(i16::from_le_bytes(self.rope.take()?).into()),
            Scalar::Int32 => u64::from(u32::from_le_bytes(self.rope.take()?)),
            Scalar::Int64 => u64::from_le_bytes(self.rope.take()?),
            Scalar::F32 => {
                let bytes = self.rope.take()?;
                check_nans32(&bytes)?;
                u64::from(u32::from_le_bytes(bytes))
            }
            Scalar::F64 => {
                let bytes = self.rope.take()?;
                check_nans64(&bytes)?;
                u64::from_le_bytes(bytes)
            }
            Scalar::Char => {
                let code = u32::from_le_bytes(self.rope.take()?);
                if char::from_u32(code).is_none() {
                    return Err(Refusal::arguments(format!("{code:#x} is no character")));
                }
                u64::from(code)
            }
        })
    }

    /// Which case comes next, and its payload's type.
    fn case(&mut self, cases: &layout::Cases<'_>) -> Result<(u32, Option<InterfaceType>), Refusal> {
        let mut bytes = [0; 4];
        self.rope.copy_to(&mut bytes[..cases.discriminant_size()])?;
        let number = u32::from_le_bytes(bytes);
        let payload = cases.payload(number as usize).ok_or_else(|| {
            let count = cases.count;
            Refusal::arguments(format!("there is no case {number}, only {count} cases"))
        })?;
        Ok((number, payload))
    }

    /// Moves `count` flags into `target`, which is at least as long.
    fn flags(&mut self, count: usize, target: &mut [u8]) -> Result<(), Refusal> {
        let size = layout::flags_size(count);
        self.rope.copy_to(&mut target[..size])?;
        let unused = size * 8 - count;
        if unused > 0 && target[size - 1] >> (8 - unused) != 0 {
            return Err(Refusal::arguments("a flag is set that does not exist"));
        }
        Ok(())
    }

    /// Moves the next string to new memory: where it is and how long, as the guest counts.
    fn string(&mut self) -> wasmtime::Result<(usize, usize)> {
        let count = self.rope.count()?;
        let bytes = self.rope.contiguous(count)?;
        let Ok(text) = simdutf8::basic::from_utf8(&bytes) else {
            return Err(Refusal::arguments("a string is not UTF-8").into());
        };
        // Wasmtime knows the three encodings that guests may want.
        let mut pair = MaybeUninit::<[ValRaw; 2]>::uninit();
        text.linear_lower_to_flat(self.cx, InterfaceType::String, &mut pair)?;
        // SAFETY: `linear_lower_to_flat` initializes its target whenever it returns `Ok`.
        let [at, count] = unsafe { pair.assume_init() };
        Ok((at.get_u64() as usize, count.get_u64() as usize))
    }

    /// Moves the next list to new memory: where it is and how many elements it has.
    fn list(&mut self, element: InterfaceType) -> wasmtime::Result<(usize, usize)> {
        let count = self.rope.count()?;
        let abi = self.types.canonical_abi(&element);
        let size = abi.size32 as usize;
        // Every element is encoded in at least one byte, so this bounds what a few bytes can ask
        // for. Types without any bytes do not exist in components.
        if count > self.rope.remaining() || size == 0 {
            let left = self.rope.remaining();
            let fault = format!("a list of {count} elements can not be in the {left} bytes left");
            return Err(Refusal::BadArguments(fault).into());
        }
        let at = self.allocate(count.saturating_mul(size), abi.align32)?;
        if let Some(block) = layout::block(self.types, element) {
            let memory = &mut self.cx.as_slice_mut()[at..][..count * size];
            copy_block(&mut self.rope, memory, block)?;
        } else {
            for i in 0..count {
                self.store(element, at + i * size)?;
            }
        }
        Ok((at, count))
    }

    /// Memory from the guest's own allocator, bounds-checked.
    fn allocate(&mut self, size: usize, align: u32) -> wasmtime::Result<usize> {
        if u32::try_from(size).is_err() {
            let fault = format!("a list of {size} bytes does not fit into a guest's memory");
            return Err(Refusal::BadArguments(fault).into());
        }
        self.cx.realloc(0, 0, align, size)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.cx.as_slice_mut()[at..][..bytes.len()].copy_from_slice(bytes);
    }

    fn put_pointer(&mut self, at: usize, pointer: usize, count: usize) -> wasmtime::Result<()> {
        let pair = [u32::try_from(pointer)?, u32::try_from(count)?];
        self.put(at, pair.map(u32::to_le_bytes).as_flattened());
        Ok(())
    }

    fn flat_count(&self, ty: InterfaceType) -> usize {
        // A part of what is passed flat is passed flat.
        self.types
            .canonical_abi(&ty)
            .flat_count(MAX_FLAT)
            .unwrap_or(MAX_FLAT)
    }
}

fn extended(number: i32) -> u64 {
    u64::from(number.cast_unsigned())
}

/// Copies a block, and checks it piece by piece while the piece is in the cache.
fn copy_block(rope: &mut Rope<'_>, memory: &mut [u8], block: Block) -> Result<(), Refusal> {
    if block == Block::Ints {
        return rope.copy_to(memory);
    }
    for piece in memory.chunks_mut(CHECKED) {
        rope.copy_to(piece)?;
        match block {
            Block::Ints => {}
            Block::F32 => check_nans32(piece)?,
            Block::F64 => check_nans64(piece)?,
        }
    }
    Ok(())
}

fn check_nans32(bytes: &[u8]) -> Result<(), Refusal> {
    let bad = |bytes: &[u8; 4]| {
        let bits = u32::from_le_bytes(*bytes);
        f32::from_bits(bits).is_nan() & (bits != layout::NAN32)
    };
    // Without an early end, so that it runs many at a time.
    let any = bytes
        .as_chunks()
        .0
        .iter()
        .fold(false, |any, x| any | bad(x));
    refuse_nan(any)
}

fn check_nans64(bytes: &[u8]) -> Result<(), Refusal> {
    let bad = |bytes: &[u8; 8]| {
        let bits = u64::from_le_bytes(*bytes);
        f64::from_bits(bits).is_nan() & (bits != layout::NAN64)
    };
    let any = bytes
        .as_chunks()
        .0
        .iter()
        .fold(false, |any, x| any | bad(x));
    refuse_nan(any)
}

fn refuse_nan(found: bool) -> Result<(), Refusal> {
    if found {
        return Err(Refusal::arguments("a NaN is not the canonical one"));
    }
    Ok(())
}
