//! What the messages mean: conversions between Cap'n Proto structs and core types, both ways.
//!
//! Each `write_` fills a struct that the caller has made, each `read_` takes everything out of one
//! and leaves no borrow behind. Readers check form (lengths, enums, text), not meaning: whether a
//! key is the right one, or a function exists, is for whoever knows.

mod basics;
mod failure;
mod info;
mod record;
mod session;
mod size;
mod task;
mod worker;

pub use basics::{
    list_len, read_key, read_keys, read_peer_key, read_refusal, read_sink_result, read_texts,
    structs, write_credential, write_keys, write_peer_key, write_refusal, write_sink_result,
    write_texts,
};
pub use failure::{read_failure, write_failure};
pub use info::{
    ClusterStatus, ComponentInfo, DatasetInfo, FunctionInfo, KeyStateKind, TaskCounts,
    WorkerStatus, component_info_bytes, dataset_info_bytes, read_component_info, read_dataset_info,
    read_status, write_component_info, write_dataset_info, write_status,
};
pub use record::{Core, Outcome, Setup, read_outcome, read_setup, write_outcome, write_setup};
pub use session::{
    IncomingBatch, KeyNews, OutgoingBatch, read_key_events, read_session_batch, write_key_events,
    write_session_batch,
};
pub(crate) use size::missing_input_bytes;
pub use size::{
    CommandRoom, TaskRoom, definition_bytes, key_event_bytes, session_batch_bytes, task_bytes,
    worker_event_bytes,
};
pub use task::{Definitions, IncomingTask, read_task_rules, write_task_rules};
pub use worker::{
    Command, CommandBatch, JoinInfo, read_command_batch, read_join_info, read_worker_events,
    told_holders, write_command_batch, write_join_info, write_worker_events,
};
