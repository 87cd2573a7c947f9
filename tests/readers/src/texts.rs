//! What people type and write: addresses, calls, graphs.

use wask_rpc::Address;
use wask_value::Type;

use crate::split;

/// Text as an address: what is parsed is printed as text that means the same.
pub fn address(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(address) = text.parse::<Address>() {
        let printed = address.to_string();
        assert_eq!(printed.parse::<Address>().as_ref(), Ok(&address), "{text}");
        let _ = address.is_local();
    }
}

/// The text of a type, and an argument as it is typed, with references.
pub fn expression(input: &[u8]) {
    let Some((ty, text)) = split(input) else {
        return;
    };
    if let (Ok(ty), Ok(text)) = (ty.parse::<Type>(), std::str::from_utf8(text)) {
        let _ = wask_cli::readers::expression(&ty, text);
    }
}

/// A graph as JSON.
pub fn graph(input: &[u8]) {
    let _ = wask_cli::readers::graph(input);
}
