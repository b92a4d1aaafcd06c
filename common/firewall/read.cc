#include "common/firewall/read.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <endian.h>
#include <iterator>
#include <optional>
#include <string_view>
#include <thread>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/firewall/exchange.h"
#include "common/firewall/netfilter.h"

namespace catena::firewall {
namespace {

// A dump starts over when the ruleset, whosever part of it, changed meanwhile. kube-proxy changes
// it in bursts, a dump takes microseconds: the tries spread over half a second.
constexpr int kDumpTries = 100;
constexpr std::chrono::microseconds kDumpPause{200};
constexpr std::chrono::microseconds kLongestDumpPause{5'000};

// The attributes of one level, by type; those above `kMost` are newer than this code.
template <int kMost>
class Parsed {
 public:
  explicit Parsed(nlmsghdr* message) {
    nla_parse(found_, kMost, nlmsg_attrdata(message, sizeof(nfgenmsg)),
              nlmsg_attrlen(message, sizeof(nfgenmsg)), nullptr);
  }
  explicit Parsed(nlattr* nest) {
    if (nest != nullptr) {
      nla_parse_nested(found_, kMost, nest, nullptr);
    }
  }
  nlattr* operator[](int type) const { return found_[type]; }
  std::string text(int type) const {
    return found_[type] == nullptr ? std::string() : nla_get_string(found_[type]);
  }
  std::optional<std::uint32_t> number(int type) const {
    if (found_[type] == nullptr || nla_len(found_[type]) < int(sizeof(std::uint32_t))) {
      return std::nullopt;
    }
    return be32toh(nla_get_u32(found_[type]));
  }

 private:
  nlattr* found_[std::size_t{kMost} + 1] = {};
};

bool is_message(const nlmsghdr* message, nf_tables_msg_types type) {
  return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
}

std::string_view bytes_of(nlattr* attribute) {
  return attribute == nullptr ? std::string_view()
                              : std::string_view(static_cast<const char*>(nla_data(attribute)),
                                                 static_cast<std::size_t>(nla_len(attribute)));
}

struct Question {
  nf_tables_msg_types type;
  Attributes attributes;
};

using Listener = std::function<void(nlmsghdr*)>;

// Questions for one object each, sent together. False where one of them is not there.
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

// What a dump fills. `start_over` comes before each reading.
struct Reader {
  std::function<void()> start_over;
  Listener listener;
  // Whether a reading that was interrupted says enough all the same. Null: none does.
  std::function<bool()> is_enough;
};

// Nothing is read where what holds the objects is not there.
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

Attributes of_set(const Set& set) {
  Attributes attributes;
  attributes.text(NFTA_SET_ELEM_LIST_TABLE, set.table);
  attributes.text(NFTA_SET_ELEM_LIST_SET, set.name);
  return attributes;
}

Question question_for(const Set& set, const std::string& key) {
  Question question{NFT_MSG_GETSETELEM, of_set(set)};
  question.attributes.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&key](Attributes& list) {
    list.nest(NFTA_LIST_ELEM, [&key](Attributes& element) {
      element.nest(NFTA_SET_ELEM_KEY,
                   [&key](Attributes& data) { data.bytes(NFTA_DATA_VALUE, key); });
    });
  });
  return question;
}

// The comment in nft's user data: type, length, text with NUL.
std::string comment_in(std::string_view user_data) {
  if (user_data.size() < 3 || user_data[0] != 0) {
    return {};
  }
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(user_data[1]));
  return size == 0 ? std::string() : std::string(user_data.substr(2, size - 1));
}

std::vector<FoundElement> elements_of_message(nlmsghdr* message) {
  std::vector<FoundElement> elements;
  const Parsed<NFTA_SET_ELEM_LIST_MAX> list(message);
  if (!is_message(message, NFT_MSG_NEWSETELEM) || list[NFTA_SET_ELEM_LIST_ELEMENTS] == nullptr) {
    return elements;
  }
  nlattr* each = nullptr;
  int left = 0;
  nla_for_each_nested(each, list[NFTA_SET_ELEM_LIST_ELEMENTS], left) {
    const Parsed<NFTA_SET_ELEM_MAX> element(each);
    const Parsed<NFTA_DATA_MAX> key(element[NFTA_SET_ELEM_KEY]);
    const Parsed<NFTA_DATA_MAX> data(element[NFTA_SET_ELEM_DATA]);
    const Parsed<NFTA_VERDICT_MAX> verdict(data[NFTA_DATA_VERDICT]);
    elements.push_back({std::string(bytes_of(key[NFTA_DATA_VALUE])),
                        verdict.text(NFTA_VERDICT_CHAIN),
                        element[NFTA_SET_ELEM_EXPIRATION] != nullptr});
  }
  return elements;
}

}  // namespace

base::Result<std::uint32_t> generation(nl_sock* socket) {
  std::optional<std::uint32_t> found;
  const std::string what = "read the generation of nf_tables' ruleset";
  TRY(ask(socket, {{NFT_MSG_GETGEN, {}}}, what, [&found](nlmsghdr* message) {
    found = Parsed<NFTA_GEN_MAX>(message).number(NFTA_GEN_ID);
  }));
  if (!found) {
    return base::Error(base::ErrorKind::kInternal, what + ": the kernel gave none");
  }
  return *found;
}

base::Result<bool> has_chains(nl_sock* socket, const std::string& table,
                              const std::vector<BaseChain>& chains) {
  std::vector<Question> questions(1, {NFT_MSG_GETTABLE, {}});
  questions.front().attributes.text(NFTA_TABLE_NAME, table);
  for (const BaseChain& chain : chains) {
    Question question{NFT_MSG_GETCHAIN, {}};
    question.attributes.text(NFTA_CHAIN_TABLE, table);
    question.attributes.text(NFTA_CHAIN_NAME, chain.name);
    questions.push_back(std::move(question));
  }
  bool awake = false;
  std::size_t as_wanted = 0;
  const auto look = [&](nlmsghdr* message) {
    if (is_message(message, NFT_MSG_NEWTABLE)) {
      const auto flags = Parsed<NFTA_TABLE_MAX>(message).number(NFTA_TABLE_FLAGS);
      awake = (flags.value_or(0) & NFT_TABLE_F_DORMANT) == 0;
      return;
    }
    const Parsed<NFTA_CHAIN_MAX> found(message);
    const Parsed<NFTA_HOOK_MAX> hook(found[NFTA_CHAIN_HOOK]);
    for (const BaseChain& chain : chains) {
      const bool same_place =
          chain.type.empty()
              ? found[NFTA_CHAIN_HOOK] == nullptr
              : hook.number(NFTA_HOOK_HOOKNUM) == chain.hook &&
                    hook.number(NFTA_HOOK_PRIORITY) == static_cast<std::uint32_t>(chain.priority);
      if (found.text(NFTA_CHAIN_NAME) == chain.name && found.text(NFTA_CHAIN_TYPE) == chain.type &&
          same_place) {
        ++as_wanted;
      }
    }
  };
  const bool all = TRY(ask(socket, questions, "look at the chains of table inet " + table, look));
  return all && awake && as_wanted == chains.size();
}

base::Result<bool> has_rules(nl_sock* socket, const std::string& table, const std::string& chain,
                             const std::vector<std::string>& tags) {
  Question question{NFT_MSG_GETRULE, {}};
  question.attributes.text(NFTA_RULE_TABLE, table);
  question.attributes.text(NFTA_RULE_CHAIN, chain);
  std::vector<std::string> found;
  const Reader reader{
      [&found] { found.clear(); },
      [&](nlmsghdr* message) {
        const Parsed<NFTA_RULE_MAX> rule(message);
        if (is_message(message, NFT_MSG_NEWRULE) && rule.text(NFTA_RULE_CHAIN) == chain) {
          found.push_back(comment_in(bytes_of(rule[NFTA_RULE_USERDATA])));
        }
      },
      // Rules that were all seen are all there, whatever else changed meanwhile.
      [&found, &tags] { return found == tags; }};
  TRY(dump(socket, question, "list the rules of chain " + chain + " of table inet " + table,
           reader));
  return found == tags;
}

base::Result<std::uint64_t> packets_counted(nl_sock* socket, const std::string& table,
                                            const std::string& counter) {
  Question question{NFT_MSG_GETOBJ, {}};
  question.attributes.text(NFTA_OBJ_TABLE, table);
  question.attributes.text(NFTA_OBJ_NAME, counter);
  question.attributes.number(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
  const std::string what = "read counter " + counter + " of table inet " + table;
  std::optional<std::uint64_t> packets;
  TRY(ask(socket, {question}, what, [&packets](nlmsghdr* message) {
    const Parsed<NFTA_OBJ_MAX> object(message);
    const Parsed<NFTA_COUNTER_MAX> data(object[NFTA_OBJ_DATA]);
    nlattr* const found = data[NFTA_COUNTER_PACKETS];
    if (found != nullptr && nla_len(found) >= int(sizeof(std::uint64_t))) {
      packets = be64toh(nla_get_u64(found));
    }
  }));
  if (!packets) {
    return base::Error(base::ErrorKind::kNotFound, what + ": there is none");
  }
  return *packets;
}

base::Result<std::vector<std::string>> set_names(nl_sock* socket, const std::string& table) {
  Question question{NFT_MSG_GETSET, {}};
  question.attributes.text(NFTA_SET_TABLE, table);
  std::vector<std::string> names;
  const Reader reader{[&names] { names.clear(); },
                      [&names](nlmsghdr* message) {
                        if (is_message(message, NFT_MSG_NEWSET)) {
                          names.push_back(Parsed<NFTA_SET_MAX>(message).text(NFTA_SET_NAME));
                        }
                      },
                      nullptr};
  TRY(dump(socket, question, "list the sets of table inet " + table, reader));
  return names;
}

base::Result<std::optional<FoundElement>> find_element(nl_sock* socket, const Set& set,
                                                       const std::string& key) {
  std::optional<FoundElement> found;
  const std::string what = "look up an element of set " + set.name + " of table inet " + set.table;
  const auto take = [&found](nlmsghdr* message) {
    for (FoundElement& element : elements_of_message(message)) {
      found = std::move(element);
    }
  };
  const bool there = TRY(ask(socket, {question_for(set, key)}, what, take));
  return there ? std::move(found) : std::nullopt;
}

base::Result<bool> has_element(nl_sock* socket, const Set& set, const std::string& key) {
  return TRY(find_element(socket, set, key)).has_value();
}

base::Result<bool> has_elements(nl_sock* socket, const Set& set,
                                const std::vector<std::string>& keys) {
  if (keys.empty()) {
    return true;
  }
  std::vector<Question> questions;
  std::ranges::transform(keys, std::back_inserter(questions),
                         [&set](const std::string& key) { return question_for(set, key); });
  return ask(socket, questions,
             "look up elements of set " + set.name + " of table inet " + set.table,
             [](nlmsghdr*) {});
}

base::Result<std::vector<FoundElement>> elements_in(nl_sock* socket, const Set& set) {
  std::vector<FoundElement> all;
  const Reader reader{[&all] { all.clear(); },
                      [&all](nlmsghdr* message) {
                        std::ranges::move(elements_of_message(message), std::back_inserter(all));
                      },
                      nullptr};
  TRY(dump(socket, {NFT_MSG_GETSETELEM, of_set(set)},
           "list the elements of set " + set.name + " of table inet " + set.table, reader));
  return all;
}

base::Result<std::vector<FoundElement>> settled_elements_in(nl_sock* socket, const Set& set) {
  constexpr int kMostLooks = 10;
  std::vector<FoundElement> before;
  for (int look = 0; look < kMostLooks; ++look) {
    std::vector<FoundElement> now = TRY(elements_in(socket, set));
    std::ranges::sort(now, {}, &FoundElement::key);
    now.erase(
        std::unique(now.begin(), now.end(),
                    [](const FoundElement& a, const FoundElement& b) { return a.key == b.key; }),
        now.end());
    if (look > 0 && std::ranges::equal(before, now, {}, &FoundElement::key, &FoundElement::key)) {
      return now;
    }
    before = std::move(now);
  }
  return before;
}

}  // namespace catena::firewall
