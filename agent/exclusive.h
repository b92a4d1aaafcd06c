// ENIs that pods have as a whole: those that are attached and wait for a pod are the pool.
// docs/pool.md says what the three duties do. Only one of them, and of the other duties that change
// ENIs, may run on a node at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/pool.h"

namespace catena::agent {

struct ExclusiveEni {
  ipam::Eni eni;
  std::vector<ipam::Record> records;
  bool held = false;  // by a pod
  // Its NIC is in a pod though no pod of ours has it, or nowhere: nobody can have it.
  bool strayed = false;

  // Whether nothing of it is held, reserved or quarantined; where it is, all of it is free or
  // cools.
  bool is_idle() const;
  // Whether a pod that needs `families` could have it now.
  bool can_serve(const Families& families) const;
  // The same, once it has cooled.
  bool will_serve(const Families& families) const;
};
// Those in use, by id.
base::Result<std::vector<ExclusiveEni>> exclusive_enis(Duty& duty);

struct EniDemand {
  int enis = 0;  // that pods could have at once
  Families families;
};

struct EnisGrown {
  std::vector<std::string> enis;   // that are new, or were adopted or mended
  int idle = 0;                    // that pods could have now
  int missing = 0;                 // that still are not there
  std::optional<base::Error> why;  // of those
};
// Makes so many ENIs wait for pods, by what is missing only. An error when nothing could be done;
// it has the cloud's code, Catena.Limit where the node is full, or Catena.Cooling where an ENI was
// freed a moment ago and can be had soon.
base::Result<EnisGrown> grow_exclusive(Duty& duty, const EniDemand& demand);

struct EnisKept {
  EnisGrown grown;
  std::vector<std::string> released;
};
// Keeps the number of idle ENIs between its bounds. Nothing is given back while the cloud does not
// answer, and never an ENI whose NIC is not at home.
base::Result<EnisKept> keep_exclusive(Duty& duty);

struct EniCapacity {
  int capacity = 0;  // pods of this node that could have an ENI, those that do included
  int in_use = 0;
  std::string reason;  // how the capacity comes about, for people
};
// What is remembered from one call to the next, so that most cost no call of the cloud.
struct CapacityMemory {
  std::string type;  // of the instance
  int adapters = 0;  // that it may have
  int others = 0;    // ENIs attached to it that are not ours, the primary one included
  Millis asked{0};
};
// Never asks the cloud twice within 10 minutes.
base::Result<EniCapacity> exclusive_capacity(Duty& duty, std::optional<CapacityMemory>& memory);

}  // namespace catena::agent
