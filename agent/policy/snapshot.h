// What the agent knew of the cluster last, on disk: `state_dir`/policy/objects.json. For ADDs
// without an agent, and for an agent that starts while the API server is away.
//
// Lines, each with a checksum: everything that was known at one moment, then what changed since, in
// order. A change is written before the kernel has it, so that no kill leaves the file more open
// than the rules are; a line that was torn by a kill or a power cut is one that nobody acted on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/netpol/compiler.h"

namespace catena::agent {

enum class PolicyObject : std::uint8_t { kPolicy, kNamespace, kPod };

// One thread at a time; several processes under the lock of their own (agent/policy/enforcer.h).
class Snapshot {
 public:
  explicit Snapshot(const std::string& state_dir);

  // All of it, in the place of an empty compiler. False, with a sentence in `notices` unless there
  // is simply none, where there is nothing that can be used.
  base::Result<bool> load(netpol::Compiler& into, std::vector<std::string>& notices);

  // What changed; nothing is written before write().
  void note(const netpol::Policy& policy);
  void note(const netpol::Namespace& space);
  void note(const netpol::Pod& pod);
  // `key` of a namespace: empty, and its name.
  void note_gone(PolicyObject kind, const netpol::Key& key);

  // Appends what was noted. Not synced: sync() does that. After an error there is no file any more:
  // one that lags behind the rules must not be used.
  base::Status write();
  // Whether there is a file to append to; what is noted without one is not kept.
  bool usable() const { return fd_.valid(); }
  // Whether a rewrite would make it much shorter.
  bool is_long() const { return size_ > kSlack + 2 * size_when_whole_; }
  // Everything that is known, whole or not at all, in the place of all there was.
  base::Status rewrite(const netpol::Compiler& from);
  // The file, where something was written that a power cut may still take: once it is synced
  // (fdatasync(2), in whatever thread) that is over. Invalid where there is nothing to do.
  base::UniqueFd take_unsynced();

 private:
  static constexpr std::size_t kSlack = std::size_t{1} << 20U;  // bytes
  base::Status open();
  void note_line(const nlohmann::json& line);
  void drop();

  std::string directory_;
  std::string path_;
  base::UniqueFd fd_;
  std::string noted_;
  std::size_t size_ = 0;
  std::size_t size_when_whole_ = 0;
  bool unsynced_ = false;
};

}  // namespace catena::agent
