@0xd2c9f9a3f3e6b802;
# How bytes of any size move: results between workers, values from and to clients, components.
#
# The side that has the bytes writes them, piece by piece, into a sink that the other side owns.
# Writing is streamed, so capnp-rpc's flow control decides how much is under way.

using Common = import "common.capnp";

interface ObjectSink {
  # Takes objects. Its owner knows which ones to expect, and how large they may be.

  write @0 (pieces :List(Piece)) -> stream;
  # The next pieces. Pieces of one object arrive in order; many small objects fit one call.
  # Never fails: trouble is told by `finish`.

  finish @1 () -> (result :Result);
  # The caller will write nothing more. Answers after every piece has been taken in. A sink may be
  # handed to several writers; each finishes.

  struct Result {
    union {
      complete @0 :Void;
      refused @1 :Common.Refusal;  # Nothing was kept.
    }
  }
}

struct Piece {
  key @0 :Data;              # Of the object: a key, or a component's digest.
  size @1 :UInt64;           # The whole object's size in bytes; the same in all of its pieces.
  data @2 :Data;
}

struct ObjectHeader {
  # A value that is about to be stored.
  key @0 :Data;
  type @1 :Text;             # WIT text.
  size @2 :UInt64;           # Bytes of its encoding.
  tenant @3 :Text;           # Whose; part of the key. A client's own word for it is not taken.
}

interface ObjectStore {
  # The results that a worker holds.

  get @0 (keys :Data, slices :List(Common.Slice), sink :ObjectSink) -> (missing :Data);
  # Writes the results of `keys` into `sink`, finishes it, then answers with the keys that are not
  # here. `slices` asks for one element of a list instead of the whole.

  put @1 (objects :List(ObjectHeader), scatter :UInt64) -> (sink :ObjectSink);
  # Stages values: each is checked against its key and its type, and all are there or none. They
  # become results when the scheduler says so, by the number of the scatter.
}

interface Peer {
  # What a worker offers to whoever connects to its contact address. Only workers are let in, and
  # their store takes no values; clients read and store by way of the scheduler.

  open @0 (credential :Common.Credential) -> (result :Result);

  struct Result {
    union {
      store @0 :ObjectStore;
      refused @1 :Common.Refusal;
    }
  }
}
