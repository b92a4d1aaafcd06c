#include "common/firewall/read.h"

#include <algorithm>
#include <endian.h>
#include <iterator>
#include <optional>

#include "common/firewall/queries.h"

namespace catena::firewall {
namespace {

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
