@0xd3a7b1906c54e2f8;
# What a core was told, when, and what came of it: the file that `--record` writes.
#
# A file is a header and any number of entries, each a message of its own. Times are nanoseconds
# since the core was made.

using Common = import "common.capnp";
using Worker = import "worker.capnp";

struct Header {
  protocolVersion @0 :UInt32;      # What the entries mean; must be the reader's.
  union {
    scheduler @1 :SchedulerConfig;
    worker @2 :WorkerConfig;
  }
}

struct SchedulerConfig {
  # As `wask_core::scheduler::Config`; what is in nanoseconds says so.
  heartbeatIntervalNanos @0 :UInt64;
  heartbeatsMissedMax @1 :UInt32;
  returnTimeNanos @2 :UInt64;
  saturation @3 :Float64;
  sharedTasksFactor @4 :UInt64;
  sharedInputsMax @5 :UInt64;
  targetQueueNanos @6 :UInt64;
  targetQueueTasksMax @7 :UInt64;
  unknownDurationNanos @8 :UInt64;
  durationMemory @9 :UInt32;
  idleClassesMax @10 :UInt64;
  bandwidth @11 :UInt64;
  transferLatencyNanos @12 :UInt64;
  lossesMax @13 :UInt32;
  returnsMax @14 :UInt32;
}

struct WorkerConfig {
  # As `wask_core::worker::Config`; what is in nanoseconds says so.
  worker @0 :UInt32;               # Its first membership.
  slots @1 :UInt32;
  aheadNanos @2 :UInt64;
  aheadMax @3 :UInt32;
  startedAfterNanos @4 :UInt64;
  fetchesMax @5 :UInt64;
  fetchKeysMax @6 :UInt64;
  fetchNbytesMax @7 :UInt64;
}

struct Entry {
  nanos @0 :UInt64;
  union {
    scheduled @1 :Scheduled;       # The core was asked to decide.
    toScheduler @2 :SchedulerEvent;
    toWorker @3 :WorkerEvent;
  }
}

struct Scheduled {
  actions @0 :UInt32;              # How many came out.
  digest @1 :Data;                 # BLAKE3 of their texts, as Rust's `Debug` has them, a line each.
}

struct SchedulerEvent {
  # An event of `wask_core::scheduler::Event`. What is not used is 0 or empty.
  session @0 :UInt64;
  tenant @1 :UInt32;
  worker @2 :UInt32;
  scatter @3 :UInt64;
  key @4 :Data;
  attempt @5 :UInt32;
  keys @6 :Data;                   # One after another.
  union {
    sessionOpened @7 :Void;
    sessionClosed @8 :Void;
    tasksSubmitted @9 :Tasks;      # `keys` are those that are wanted.
    keysReleased @10 :Void;
    keysCancelled @11 :Void;
    keysDetached @12 :Void;
    scatterOffered @13 :Scatter;
    dataStaged @14 :Void;
    stagingFailed @15 :Text;       # The reason.
    scatterAbandoned @16 :Void;
    datasetPublished @17 :Published;
    datasetUnpublished @18 :Text;
    workerJoined @19 :Joined;
    workerLost @20 :Bool;          # Whether it may come back.
    heartbeat @21 :Void;
    told @22 :Worker.WorkerEvent;  # What the worker said itself, but for errors.
    taskErred @23 :Common.Failure;
  }
}

struct Published {
  name @0 :Text;
  type @1 :Text;
  replace @2 :Bool;
}

struct Tasks {
  definitions @0 :List(Common.Definition);
  tasks @1 :List(Common.Task);
  resultTypes @2 :List(UInt32);    # The scheduler's number of each task's type.
}

struct Scatter {
  headers @0 :List(Header);
  all @1 :Bool;                    # Whether the values go to all workers.

  struct Header {
    key @0 :Data;
    resultType @1 :UInt32;
    nbytes @2 :UInt64;
  }
}

struct Joined {
  info @0 :Worker.WorkerInfo;      # As far as the core is told.
  returning @1 :Bool;
  hasPrevious @2 :Bool;
  previous @3 :UInt32;
}

struct WorkerEvent {
  # An event of `wask_core::worker::Event`. What is not used is 0 or empty.
  key @0 :Data;
  attempt @1 :UInt32;
  peer @2 :UInt32;
  keys @3 :Data;                   # What is here now, one after another.
  sizes @4 :List(UInt64);          # The size of each of them.
  missing @5 :Data;                # Keys that the peer does not have.
  union {
    command @6 :Worker.CommandBatch;  # One command of the scheduler.
    dataStaged @7 :UInt64;         # Of this scatter.
    schedulerLost @8 :Void;
    schedulerFound @9 :UInt32;     # The new membership.
    fetchDone @10 :Void;
    fetchFailed @11 :Void;
    executionDone @12 :Execution;
    dataGone @13 :Void;
    executionDelayed @14 :Void;
    executionPrepared @15 :Void;
  }
}

struct Execution {
  result :union {
    finished @0 :Worker.Finished;
    erred @1 :Common.Failure;
  }
  ran :union {
    # How long.
    never @2 :Void;
    nanos @3 :UInt64;
  }
}
