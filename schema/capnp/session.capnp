@0xe3b7a4f2c8d16504;
# A client's session. Holding it is the authority: all that a client can name goes through it.
# When it ends, what only it held is released.

using Common = import "common.capnp";
using Transfer = import "transfer.capnp";

interface Session {
  commands @0 () -> (commands :SessionCommands);
  # The stream of submissions and releases: one for a session, always the same.

  heartbeat @1 () -> ();
  # As for workers: three intervals of silence end the connection.

  upload @2 (digest :Data, size :UInt64, name :Text, file :Text) -> (result :Upload);
  # Offers a component; an empty name gives it none, and `file` is from which file it comes, for
  # people. The scheduler admits it when the sink is finished, or at once where it knows the bytes
  # already.

  component @3 (name :Text) -> (result :ComponentResult);
  # What a component exports, by name or by digest (`blake3:…`).

  components @4 (after :Data) -> (components :List(ComponentInfo), more :Bool);
  # The components of this tenant in the order of their digests: those after a digest, or from the
  # first, as many as fit one message. There may be more after the last.

  scatter @5 (objects :List(Transfer.ObjectHeader), broadcast :Bool) -> (result :Scatter);
  # Stores values on workers; the session holds their keys when the sink has been finished.

  gather @6 (keys :Data, slices :List(Common.Slice), sink :Transfer.ObjectSink)
      -> (missing :Data);
  # Writes results into `sink`, relayed from the workers that hold them, then answers with the
  # keys that are not in memory.

  ticket @7 (keys :Data) -> (tickets :List(DirectRead));
  # Rights to read results directly from workers that hold them.

  whoHas @8 (keys :Data) -> (holders :List(Holders));

  status @9 () -> (status :ClusterStatus);

  publish @10 (name :Text, keys :Data, type :Text, replace :Bool) -> (result :Done);
  # Names keys that the session holds, so that they outlive it. `type` is that of each key.

  unpublish @11 (name :Text) -> (result :Done);

  dataset @12 (name :Text) -> (result :DatasetResult);
  # The keys of a dataset. The session holds them from now on.

  datasets @13 (after :Text) -> (datasets :List(DatasetInfo), more :Bool);
  # The datasets of this tenant in the order of their names, in pieces as `components`.

  # Takes a component from the cluster that no task needs any more, by name or digest.
  removeComponent @14 (name :Text) -> (result :Done);

  struct Upload {
    union {
      known @0 :ComponentInfo;     # Nothing need be sent.
      sink @1 :Transfer.ObjectSink;
      refused @2 :Common.Refusal;
    }
  }

  struct ComponentResult {
    union {
      component @0 :ComponentInfo;
      refused @1 :Common.Refusal;
    }
  }

  struct Scatter {
    union {
      sink @0 :Transfer.ObjectSink;
      refused @1 :Common.Refusal;
    }
  }

  struct Done {
    union {
      done @0 :Void;
      refused @1 :Common.Refusal;
    }
  }

  struct DatasetResult {
    union {
      dataset @0 :DatasetInfo;
      refused @1 :Common.Refusal;
    }
  }
}

struct ComponentInfo {
  digest @0 :Data;
  name @1 :Text;                   # Empty where it has none.
  size @2 :UInt64;
  functions @3 :List(Common.FunctionInfo);
  file @4 :Text;                   # From which file it came, for people; empty where it is not known.
}

struct DirectRead {
  address @0 :Text;                # A worker's contact address; empty where the key has no holder.
  ticket @1 :Common.Ticket;
}

struct Holders {
  workers @0 :List(Text);          # By name.
}

struct DatasetInfo {
  name @0 :Text;
  keys @1 :Data;
  type @2 :Text;
  states @3 :List(KeyStateKind);   # One for each key.
  nbytes @4 :UInt64;               # What is finished so far.
}

enum KeyStateKind {
  pending @0;
  finished @1;
  error @2;
  cancelled @3;
  lost @4;
}

interface SessionCommands {
  # What a client submits and lets go of, in order.

  push @0 (batch :SessionBatch) -> stream;
  # Never fails: what is refused is told by an event for its key.

  sync @1 () -> ();
  # Answers when all that was pushed before has been taken in.

  part @2 (bytes :Data, last :Bool) -> stream;
  # As `push`, for a batch that is too large for one message, such as one task of very many inputs.
  # A message whose root is the batch is written as Cap'n Proto writes messages to files, and its
  # bytes are sent piece by piece. With the last piece it is taken in.
}

struct SessionBatch {
  # Taken in the order of the fields.
  definitions @0 :List(Common.Definition);
  tasks @1 :List(Common.Task);     # A dependency is known already or comes before its dependents.
  wanted @2 :Data;                 # Keys of earlier tasks that the session wants to hold again.
  detached @5 :Data;               # Keys to compute even if the session ends before they are done.
  released @3 :Data;               # Keys that it lets go of.
  cancelled @4 :Data;              # Keys that are not to be computed any more.
}

interface ClientEvents {
  # What became of the keys that a session holds. Implemented by the client.

  push @0 (events :List(KeyEvent)) -> stream;
}

struct KeyEvent {
  key @0 :Data;
  union {
    pending @1 :Void;              # Being computed again.
    finished @2 :Finished;
    erred @3 :Common.Failure;
    cancelled @4 :Void;
    lost @5 :Common.Failure;
    refused @6 :Common.Refusal;    # The task was never accepted.
  }

  struct Finished {
    nbytes @0 :UInt64;
    inline @1 :Data;               # The value, where it is small and just computed.
    hasInline @2 :Bool;
    wasThere @3 :Bool;             # It had been computed before it was asked for.
  }
}

struct ClusterStatus {
  softwareVersion @0 :Text;
  uptimeSeconds @1 :UInt64;
  workers @2 :List(WorkerStatus);
  tasks @3 :TaskCounts;
  sessions @4 :UInt32;
}

struct WorkerStatus {
  name @0 :Text;
  address @1 :Text;
  slots @2 :UInt32;
  processing @3 :UInt32;           # Tasks assigned to it.
  executing @4 :UInt32;            # Of them, in a slot at its last heartbeat.
  storedKeys @5 :UInt64;
  storedBytes @6 :UInt64;
  spilledBytes @7 :UInt64;
  memoryLimit @8 :UInt64;
  finished @9 :UInt64;             # Tasks since it joined.
  silentMillis @10 :UInt64;        # Since its last heartbeat.
  processId @11 :UInt32;
}

struct TaskCounts {
  # Tasks that the scheduler knows, by state, then totals since it started.
  released @0 :UInt64;
  waiting @1 :UInt64;
  noWorker @2 :UInt64;
  queued @3 :UInt64;
  processing @4 :UInt64;
  memory @5 :UInt64;
  erred @6 :UInt64;
  totalFinished @7 :UInt64;
  totalErred @8 :UInt64;
  totalRecomputed @9 :UInt64;
  totalWorkersLost @10 :UInt64;
}
