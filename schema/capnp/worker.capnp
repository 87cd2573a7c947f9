@0x8f0d1e6b7c52a903;
# The scheduler and its workers.

using Common = import "common.capnp";
using Transfer = import "transfer.capnp";

struct WorkerInfo {
  name @0 :Text;             # Unique in the cluster.
  slots @1 :UInt32;          # Tasks at a time.
  memoryLimit @2 :UInt64;    # Bytes of results in memory.
  resources @3 :List(Common.Resource);
  contactAddress @4 :Text;   # Where peers reach it: `tcp://10.0.0.7:41033`.
  softwareVersion @5 :Text;
  protocolVersion @6 :UInt32;
  engineProfile @7 :UInt32;  # What a result means; must be the scheduler's.
  processId @8 :UInt32;
  taskMemory @9 :UInt64;     # Bytes of linear memory that a task can have there, at most.
  returning @10 :Bool;       # It was a member before, and is going to tell which results it has kept.
  previousScheduler @11 :UInt64;  # Then: of which scheduler, and by which id.
  previousWorker @12 :UInt32;
}

interface WorkerCommands {
  # What the scheduler tells a worker. Implemented by the worker.

  push @0 (batch :CommandBatch) -> stream;
  # Carried out in order. Never fails.

  part @1 (bytes :Data, last :Bool) -> stream;
  # As `push`, for a batch that is too large for one message. See `SessionCommands.part`.
}

struct CommandBatch {
  definitions @0 :List(Common.Definition);
  peers @1 :List(PeerAddress);     # Every worker that the commands name.
  commands @2 :List(Command);
}

struct PeerAddress {
  worker @0 :UInt32;
  address @1 :Text;
}

struct Command {
  union {
    compute @0 :Compute;
    cancel @1 :Attempt;
    free @2 :Data;                 # Keys whose results are to be dropped.
    close @3 :Text;                # The membership is over, for this reason.
    keep @4 :UInt64;               # What was staged by this scatter becomes results.
    dropStaged @5 :UInt64;         # What was staged by this scatter is dropped, if it still is.
  }
}

struct Compute {
  # Run a task.
  task @0 :Common.Task;
  attempt @1 :UInt32;
  submission @2 :UInt64;           # With the user's priority and the order: when it runs.
  order @3 :UInt32;
  inputs @4 :List(Input);          # One for each dependency.
}

struct Input {
  nbytes @0 :UInt64;
  holders @1 :List(UInt32);        # Workers that have it; some of very many.
}

struct Attempt {
  key @0 :Data;
  attempt @1 :UInt32;
}

interface WorkerEvents {
  # What a worker tells the scheduler. A capability of its own, as every stream.

  push @0 (events :List(WorkerEvent)) -> stream;
  # Taken in order. Never fails.
}

struct WorkerEvent {
  key @0 :Data;
  attempt @1 :UInt32;              # Where the event is about one.
  union {
    finished @2 :Finished;         # The task has run; its result is stored here.
    erred @3 :Common.Failure;      # The task has run and failed.
    inputsMissing @4 :List(MissingInput);  # The task is given back.
    replicaAdded @5 :Void;         # A copy was fetched.
    replicaMissing @6 :Void;       # The result is not here any more.
    started @7 :Void;              # The task has been in a slot for a while.
    kept @8 :UInt64;               # A value that was staged by this scatter is a result.
    stagedMissing @9 :UInt64;      # What was to be kept is not staged here; there is no key.
    dataFound @10 :UInt64;         # A result of so many bytes was here before this membership.
    allFound @11 :Void;            # All such results have been told; there is no key.
  }
}

struct Finished {
  nbytes @0 :UInt64;
  inline @1 :Data;                 # The value, where it is small.
  hasInline @2 :Bool;
  durationNanos @3 :UInt64;
}

struct MissingInput {
  key @0 :Data;
  holder @1 :UInt32;               # From which worker it could not be had.
}

interface Membership {
  # A worker's place in the cluster. Ends when it is dropped.

  events @0 () -> (events :WorkerEvents);

  heartbeat @1 (report :Report) -> ();
  # Sent every interval that `join` told. Either side that hears nothing for three of them takes
  # the other for lost.

  leave @3 () -> ();
  # The worker is going to end, and does not come back with what it holds.

  fetch @4 (keys :Data, sink :Transfer.ObjectSink) -> (missing :Data);
  # Has results of other workers written into `sink`, for a worker that cannot reach these.

  component @2 (digest :Data, sink :Transfer.ObjectSink) -> (found :Bool);
  # Writes the bytes of a component, one object, into `sink`.

  struct Report {
    executing @0 :UInt32;          # Tasks in a slot.
    storedBytes @1 :UInt64;        # Results in memory.
    spilledBytes @2 :UInt64;       # Results on disk.
  }
}
