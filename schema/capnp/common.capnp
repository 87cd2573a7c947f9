@0xb4a61c35a1f7d201;
# What the interfaces of wask have in common: keys, tasks, values, failures.
#
# Keys and digests are 32 bytes. Where a field holds several, they stand one after another in one
# `Data`, so that a batch of thousands costs no pointers. Values are in wask's encoding, directed
# by a WIT type; the type itself, where it must be said, is WIT text such as `list<u32>`.

const protocolVersion :UInt32 = 3;
# Peers whose versions differ refuse each other at login.

struct Definition {
  # What all tasks of one `map` have in common. Sent once in each batch that has such tasks.

  kind :union {
    function :group {
      # A function that a component exports.
      component @0 :Data;   # The component's digest.
      name @1 :Text;        # `count-words`, or `demo:text/words#count`.
      applied @10 :Applied;
    }
    operator :group {
      # A built-in function, generic over WIT types, run in host code.
      operatorName @2 :Text;       # With its parameter, where it has one: `field(name)`.
      operatorVersion @3 :UInt32;
      types @4 :List(Text);  # What stands for its type parameters.
    }
    source :group {
      # Reads a file or an object, on a worker, in host code.
      sourceUrl @5 :Text;
      sourceVersion @6 :Text;  # ETag, or modification time and length: part of the key.
    }
    sink :group {
      # Writes a value to a file or an object, on a worker, in host code.
      sinkUrl @7 :Text;
    }
  }
  options @8 :TaskOptions;
  tenant @9 :Text;           # Whose; set by the scheduler. A client's own word is not taken.
}

enum Applied {
  # How a function is applied: to the arguments as they are, or to the elements of a list, each in
  # a sandbox of its own.
  once @0;
  map @1;                    # `f(x: T, ..) -> U` makes of a `list<T>` a `list<U>`.
  filter @2;                 # `f(x: T, ..) -> bool`: those of a `list<T>` that it is true of.
  flatMap @3;                # `f(x: T, ..) -> list<U>` makes of a `list<T>` one `list<U>`.
  fold @4;                   # `f(so-far: A, x: T, ..) -> A` makes of an `A` and a `list<T>` an `A`.
  reduce @5;                 # `f(a: T, b: T, ..) -> T` makes of a `list<T>` one of one, or none.
}

struct TaskOptions {
  label @0 :Text;            # A name for people; the function's where it is empty.
  priority @1 :Int32;        # Higher runs first.
  retries @2 :UInt32;        # Further tries after a failure.
  timeout :union {
    # Wall time of one attempt.
    unlimited @3 :Void;
    nanos @4 :UInt64;
  }
  limits @5 :ResultLimits;   # As the client resolved them: part of the key.
  impure @6 :Bool;           # Equal tasks do not share a result.
  resources @7 :List(Resource);
  workers @8 :List(Text);    # Names of the workers that may run it; any where it is empty.
  grants @9 :List(Grant);
}

struct ResultLimits {
  # What a task may use, as far as that can change its result.
  memory @0 :UInt64;         # Bytes of linear memory.
  output @1 :UInt64;         # Bytes of the encoded result.
  fuel :union {
    # About one unit an instruction.
    unlimited @2 :Void;
    units @3 :UInt64;
  }
}

struct TaskRules {
  # What tasks of a cluster get, and the most that they may ask for.
  defaults @0 :ResultLimits;
  max @1 :ResultLimits;
  # The most time of one attempt, and the most retries: what is asked for beyond them is cut.
  timeout :union {
    unlimited @2 :Void;
    nanos @3 :UInt64;
  }
  retries :union {
    unlimited @4 :Void;
    most @5 :UInt32;
  }
}

struct Resource {
  # Something that a worker has and a task takes while it runs: `gpu`, 1.
  name @0 :Text;
  amount @1 :UInt64;
}

struct Grant {
  # A capability that a task is given. It makes the task impure and is part of its key.
  name @0 :Text;        # Which: `clock`, `network`.
  parameter @1 :Text;   # How much of it: an address, a folder.
}

struct Task {
  definition @0 :UInt32;     # Index into the batch's definitions.
  key @1 :Data;              # As the sender computed it; the receiver computes it again.
  arguments @2 :Data;        # Encoded parameters, without what goes into the holes.
  holes @3 :List(Hole);      # In ascending order of offset.
  dependencies @4 :Data;     # Keys, one after another.
  slices @5 :List(Slice);    # The dependencies of which only a part is needed.
  salt @6 :UInt64;           # Tells impure tasks apart; 0 for a pure one.
  wanted @7 :Bool;           # Whether the sender holds the result.
}

struct Hole {
  # A place in the arguments where the result of a dependency is spliced in.
  offset @0 :UInt32;         # Before which byte.
  dependency @1 :UInt32;     # Index into the dependencies.
}

struct Slice {
  # One element of a dependency's result, a list.
  dependency @0 :UInt32;     # Index into the dependencies.
  index @1 :UInt32;          # Which element.
}

struct Failure {
  kind @0 :FailureKind;
  origin @1 :Data;           # The key of the task at fault.
  label @2 :Text;            # What people call that task.
  message @3 :Text;
  value @4 :Data;            # Of a guest error, where the error type has a value.
  hasValue @5 :Bool;
  backtrace @6 :List(Text);  # Wasm frames, innermost first.
  log @7 :Text;              # The end of stdout and stderr.
  worker @8 :Text;           # Where it ran, by name.
  errorType @9 :Text;        # Of the value, as WIT text; empty where there is none.
}

enum FailureKind {
  guestError @0;
  trap @1;
  deadline @2;
  outOfMemory @3;
  outOfFuel @4;
  outputTooLarge @5;
  badArguments @6;
  cancelled @7;
  workersLost @8;
  dataLost @9;
  unavailable @10;
  operator @11;
}

struct Refusal {
  # A request that was not carried out, and changed nothing.
  code @0 :RefusalCode;
  message @1 :Text;          # What is wrong and what to do, for people.
}

enum RefusalCode {
  invalid @0;                # The request makes no sense.
  notFound @1;               # It names something unknown.
  credential @2;             # Not allowed to enter.
  version @3;                # The peers do not fit together.
  forbidden @4;              # Not allowed to do this: a quota, a grant.
  exists @5;                 # The name is taken.
  unavailable @6;            # Not now: no workers, for instance.
}

struct Credential {
  # Why the sender may enter.
  union {
    none @0 :Void;           # Allowed only where the listener asks for nothing.
    token @1 :Text;          # A secret that the cluster was started with: one for clients, another
                             # for workers.
    ticket @2 :Ticket;       # A right to read, given out by the scheduler.
    peer @3 :Data;           # Of a worker among workers: the key that the scheduler told it.
  }
}

struct Ticket {
  # Lets its bearer read one result directly from a worker, until it expires.
  key @0 :Data;
  slice @1 :Int64;           # Index of the element; -1 is the whole.
  tenant @2 :Text;
  expiresUnixSeconds @3 :UInt64;
  signature @4 :Data;        # Keyed BLAKE3 over the fields above.
}

struct FunctionInfo {
  # A function of a component, as `wask inspect` lists it.
  name @0 :Text;
  type @1 :Text;             # WIT: `func(text: string) -> list<u32>`.
  docs @2 :Text;
}
