#include "common/firewall/queries.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "common/firewall/exchange.h"

namespace catena::firewall {
namespace {

// A dump starts over when the ruleset, whosever part of it, changed meanwhile. kube-proxy changes
// it in bursts, a dump takes microseconds: the tries spread over half a second.
constexpr int kDumpTries = 100;
constexpr std::chrono::microseconds kDumpPause{200};
constexpr std::chrono::microseconds kLongestDumpPause{5'000};

enum class Ending { kNone, kWhole, kInterrupted };

// One reading. A failure of the kernel's comes as an error, or as the number in the final message.
base::Result<Ending> dump_once(nl_sock* socket, const Question& question, const std::string& what,
                               const Listener& listener) {
  std::string wire;
  const std::uint32_t sequence = append_message(
      socket, wire, static_cast<std::uint8_t>(question.type), NLM_F_DUMP, question.attributes);
  Ending ending = Ending::kNone;
  bool interrupted = false;
  Refusal refusal;
  const Heard heard = TRY(converse(socket, wire, what, [&](nlmsghdr* message) {
    if (message->nlmsg_seq != sequence) {
      return;
    }
    interrupted = interrupted || (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (const std::optional<Refusal> found = refusal_in(message)) {
      ending = Ending::kWhole;
      refusal = *found;
    } else if (message->nlmsg_type == NLMSG_DONE) {
      ending = Ending::kWhole;
      if (nlmsg_datalen(message) >= int(sizeof(int))) {
        refusal.sys_errno = -*static_cast<const int*>(nlmsg_data(message));
      }
    } else {
      listener(message);
    }
  }));
  if (interrupted || refusal.sys_errno == EINTR || heard == Heard::kNotEverything) {
    return Ending::kInterrupted;
  }
  if (refusal.sys_errno > 0 && refusal.sys_errno != ENOENT) {
    return refusal.error(what);
  }
  return ending;
}

}  // namespace

bool is_message(const nlmsghdr* message, nf_tables_msg_types type) {
  return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
}

std::string_view bytes_of(nlattr* attribute) {
  return attribute == nullptr ? std::string_view()
                              : std::string_view(static_cast<const char*>(nla_data(attribute)),
                                                 static_cast<std::size_t>(nla_len(attribute)));
}

base::Result<bool> ask(nl_sock* socket, const std::vector<Question>& questions,
                       const std::string& what, const Listener& listener) {
  std::string wire;
  std::uint32_t first = 0;
  for (const Question& question : questions) {
    const std::uint32_t sequence = append_message(
        socket, wire, static_cast<std::uint8_t>(question.type), 0, question.attributes);
    first = &question == &questions.front() ? sequence : first;
  }
  std::optional<base::Error> error;
  std::size_t answered = 0;
  TRY(converse(socket, wire, what, [&](nlmsghdr* message) {
    if (message->nlmsg_seq - first >= questions.size()) {
      return;
    }
    const std::optional<Refusal> refusal = refusal_in(message);
    if (!refusal) {
      ++answered;
      listener(message);
    } else if (refusal->sys_errno != ENOENT && !error) {
      error = refusal->error(what);
    }
  }));
  if (error) {
    return *std::move(error);
  }
  return answered == questions.size();
}

base::Status dump(nl_sock* socket, const Question& question, const std::string& what,
                  const Reader& reader) {
  for (int i = 0; i < kDumpTries; ++i) {
    std::this_thread::sleep_for(std::min(i * kDumpPause, kLongestDumpPause));
    reader.start_over();
    const Ending ending = TRY(dump_once(socket, question, what, reader.listener));
    if (ending == Ending::kWhole ||
        (ending == Ending::kInterrupted && reader.is_enough && reader.is_enough())) {
      return {};
    }
    if (ending == Ending::kNone) {
      return base::Error(base::ErrorKind::kTryAgain, what + ": the kernel's answer was lost");
    }
  }
  return base::Error(base::ErrorKind::kTryAgain, what + ": the ruleset changed in each of " +
                                                     std::to_string(kDumpTries) + " readings");
}

std::string comment_in(std::string_view user_data) {
  if (user_data.size() < 3 || user_data[0] != 0) {
    return {};
  }
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(user_data[1]));
  return size == 0 ? std::string() : std::string(user_data.substr(2, size - 1));
}

}  // namespace catena::firewall
