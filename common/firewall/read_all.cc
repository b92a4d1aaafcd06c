#include "common/firewall/read_all.h"

#include <utility>

#include "common/firewall/queries.h"

namespace catena::firewall {
namespace {

using TagsByChain = std::map<std::string, std::vector<std::string>>;

base::Status add_chains(nl_sock* socket, const std::string& table, TagsByChain& chains) {
  Question question{NFT_MSG_GETCHAIN, {}};
  question.attributes.text(NFTA_CHAIN_TABLE, table);
  const Reader reader{
      [&chains] { chains.clear(); },
      [&](nlmsghdr* message) {
        // The kernel gives those of all tables.
        const Parsed<NFTA_CHAIN_MAX> found(message);
        if (is_message(message, NFT_MSG_NEWCHAIN) && found.text(NFTA_CHAIN_TABLE) == table) {
          chains[found.text(NFTA_CHAIN_NAME)];
        }
      },
      nullptr};
  return dump(socket, question, "list the chains of table inet " + table, reader);
}

}  // namespace

base::Result<TagsByChain> tags_by_chain(nl_sock* socket, const std::string& table) {
  TagsByChain chains;
  TRY(add_chains(socket, table, chains));
  Question question{NFT_MSG_GETRULE, {}};
  question.attributes.text(NFTA_RULE_TABLE, table);
  const Reader reader{
      [&chains] {
        for (auto& [chain, tags] : chains) {
          tags.clear();
        }
      },
      [&](nlmsghdr* message) {
        const Parsed<NFTA_RULE_MAX> rule(message);
        if (is_message(message, NFT_MSG_NEWRULE) && rule.text(NFTA_RULE_TABLE) == table) {
          chains[rule.text(NFTA_RULE_CHAIN)].push_back(
              comment_in(bytes_of(rule[NFTA_RULE_USERDATA])));
        }
      },
      nullptr};
  TRY(dump(socket, question, "list the rules of table inet " + table, reader));
  return chains;
}

bool FoundSet::is_kind_of(const Set& set) const {
  const bool is_interval = (flags & NFT_SET_INTERVAL) != 0;
  const bool is_map = (flags & NFT_SET_MAP) != 0;
  return key_type == set.key_type() && key_size == set.key_size() && is_interval == set.interval &&
         is_map == set.verdicts;
}

base::Result<std::vector<FoundSet>> all_sets(nl_sock* socket, const std::string& table) {
  Question question{NFT_MSG_GETSET, {}};
  question.attributes.text(NFTA_SET_TABLE, table);
  std::vector<FoundSet> sets;
  const Reader reader{
      [&sets] { sets.clear(); },
      [&](nlmsghdr* message) {
        const Parsed<NFTA_SET_MAX> found(message);
        if (is_message(message, NFT_MSG_NEWSET) && found.text(NFTA_SET_TABLE) == table) {
          sets.push_back({found.text(NFTA_SET_NAME), found.number(NFTA_SET_KEY_TYPE).value_or(0),
                          found.number(NFTA_SET_KEY_LEN).value_or(0),
                          found.number(NFTA_SET_FLAGS).value_or(0)});
        }
      },
      nullptr};
  TRY(dump(socket, question, "list the sets of table inet " + table, reader));
  return sets;
}

}  // namespace catena::firewall
