#include "common/firewall/batch.h"

#include <cerrno>
#include <iterator>
#include <linux/netlink.h>
#include <optional>

#include "common/firewall/exchange.h"
#include "common/firewall/netfilter.h"

namespace catena::firewall {
namespace {

// linux/errno.h, which is not for user space; nfnetlink answers it nevertheless.
constexpr int kErrnoRestart = 85;

}  // namespace

// What one sending came to.
struct Batch::Answers {
  // In the order of the changes; `sequence` counts from 1, 0 is the batch itself.
  std::vector<Refusal> refusals;
  bool confirmed = false;  // the last change was acknowledged
};

bool is_outdated(const base::Error& error) { return error.sys_errno() == kErrnoRestart; }

void Batch::add(std::vector<Change> changes) {
  changes_.insert(changes_.end(), std::make_move_iterator(changes.begin()),
                  std::make_move_iterator(changes.end()));
}

// One sending of the whole batch.
base::Result<Batch::Answers> Batch::send(nl_sock* socket) const {
  std::string wire;
  Attributes mark;
  if (generation_ != 0) {
    mark.number(NFNL_BATCH_GENID, generation_);
  }
  const std::uint32_t begin = append_batch_mark(socket, wire, NFNL_MSG_BATCH_BEGIN, mark);
  for (const Change& change : changes_) {
    // Refusals come unasked; the last change alone is asked about, to know that there were none.
    const bool last = &change == &changes_.back();
    append_message(socket, wire, change.type,
                   static_cast<std::uint16_t>(change.flags | (last ? NLM_F_ACK : 0)),
                   change.attributes);
  }
  append_batch_mark(socket, wire, NFNL_MSG_BATCH_END, {});

  Answers answers;
  const auto count = static_cast<std::uint32_t>(changes_.size());
  TRY(converse(socket, wire, changes_.front().what, [&](nlmsghdr* message) {
    const std::uint32_t place = message->nlmsg_seq - begin;
    if (std::optional<Refusal> refusal = refusal_in(message); refusal && place <= count) {
      refusal->sequence = place;
      answers.refusals.push_back(*std::move(refusal));
    } else if (place == count) {
      answers.confirmed = true;
    }
  }));
  return answers;
}

// Takes out the deletions that need not be; the error of anything else that was refused.
base::Status Batch::leave_out_gone(const std::vector<Refusal>& refusals) {
  std::vector<bool> gone(changes_.size(), false);
  for (const Refusal& refusal : refusals) {
    if (refusal.sys_errno == kErrnoRestart) {
      return base::Error::from_errno(kErrnoRestart, "the ruleset changed since it was read")
          .as(base::ErrorKind::kTryAgain);
    }
    if (refusal.sequence == 0) {
      return refusal.error("begin a batch with: " + changes_.front().what);
    }
    const Change& change = changes_[refusal.sequence - 1];
    const bool forgiven = (refusal.sys_errno == ENOENT && change.ok_if_gone) ||
                          (refusal.sys_errno == EBUSY && change.ok_if_busy);
    if (!forgiven) {
      return refusal.error(change.what);
    }
    gone[refusal.sequence - 1] = true;
  }
  std::vector<Change> left;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (!gone[i]) {
      left.push_back(std::move(changes_[i]));
    }
  }
  changes_ = std::move(left);
  return {};
}

base::Status Batch::commit(nl_sock* socket) {
  while (!changes_.empty()) {
    const Answers answers = TRY(send(socket));
    if (answers.refusals.empty()) {
      if (answers.confirmed) {
        return {};
      }
      return base::Error(base::ErrorKind::kTryAgain,
                         changes_.front().what + ": the kernel's answer was lost");
    }
    TRY(leave_out_gone(answers.refusals));
  }
  return {};
}

}  // namespace catena::firewall
