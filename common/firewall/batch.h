// Changes to nf_tables that take effect all at once or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/attributes.h"

struct nl_sock;

namespace catena::firewall {

struct Refusal;

// One message of a batch; made by the functions of objects.h.
struct Change {
  std::uint8_t type = 0;    // NFT_MSG_*
  std::uint16_t flags = 0;  // NLM_F_CREATE, NLM_F_APPEND, ...
  Attributes attributes;
  // "add rule ... to chain ...": what an error begins with.
  std::string what;
  // Deletions: what is gone already is left out of the batch.
  bool ok_if_gone = false;
  // Deletions: what is still used is left out too.
  bool ok_if_busy = false;
};

class Batch {
 public:
  void add(Change change) { changes_.push_back(std::move(change)); }
  void add(std::vector<Change> changes);
  bool empty() const { return changes_.empty(); }

  // The kernel refuses the batch unless its ruleset, everybody's tables included, is still at
  // `generation` (read.h): for changes that were worked out from what was read.
  void only_at(std::uint32_t generation) { generation_ = generation; }

  // One sendmsg(2); another where something was gone already. The first change that was refused is
  // named, with the kernel's text; nothing was changed then. kTryAgain with errno ERESTART where
  // the generation is another. kNotFound also where the kernel has no such kind of chain or
  // expression: it says ENOENT to both.
  base::Status commit(nl_sock* socket);

 private:
  struct Answers;
  base::Result<Answers> send(nl_sock* socket) const;
  base::Status leave_out_gone(const std::vector<Refusal>& refusals);

  std::vector<Change> changes_;
  std::uint32_t generation_ = 0;  // 0: whatever it is; the kernel's own never is 0
};

// The ruleset changed between the reading and the commit.
bool is_outdated(const base::Error& error);

}  // namespace catena::firewall
