@0xa7c05d4e9b3f8105;
# The door of a scheduler: what whoever connects finds first.

using Common = import "common.capnp";
using Session = import "session.capnp";
using Worker = import "worker.capnp";
using Transfer = import "transfer.capnp";

interface Gateway {
  login @0 (credential :Common.Credential, client :ClientInfo, resumeToken :Data,
            events :Session.ClientEvents) -> (result :Login);
  # Opens a session, or goes on with one whose connection dropped less than its grace time ago.

  join @1 (credential :Common.Credential, worker :Worker.WorkerInfo,
           commands :Worker.WorkerCommands, store :Transfer.ObjectStore) -> (result :Join);
  # Makes the caller a worker of the cluster.

  struct Login {
    union {
      accepted @0 :Accepted;
      refused @1 :Common.Refusal;
    }

    struct Accepted {
      session @0 :Session.Session;
      tenant @1 :Text;             # Part of every key that the client computes.
      engineProfile @2 :UInt32;    # Likewise.
      resumeToken @3 :Data;        # Empty where sessions of this scheduler cannot be resumed.
      graceSeconds @4 :UInt32;     # How long a dropped session is kept.
      heartbeatMillis @5 :UInt32;
      softwareVersion @6 :Text;
      rules @7 :Common.TaskRules;  # By which the client sets the limits of each task.
    }
  }

  struct Join {
    union {
      accepted @0 :Accepted;
      refused @1 :Common.Refusal;
    }

    struct Accepted {
      membership @0 :Worker.Membership;
      worker @1 :UInt32;           # The id of this membership.
      heartbeatMillis @2 :UInt32;
      softwareVersion @3 :Text;
      peerKey @4 :Data;            # 32 bytes that only workers know: it opens their data ports.
      scheduler @5 :UInt64;        # Which one: another each time that a scheduler starts.
    }
  }
}

struct ClientInfo {
  name @0 :Text;                   # For people: the program's name.
  softwareVersion @1 :Text;
  protocolVersion @2 :UInt32;
}
