#include "common/firewall/objects.h"

#include <array>
#include <cassert>
#include <cstdio>
#include <linux/netlink.h>

#include "common/base/hash.h"

namespace catena::firewall {
namespace {

// The list of elements is one attribute; what is left of its 64 KiB is more than one element needs.
constexpr std::size_t kElementsSize = 60'000;
// nft's tag of a comment in the user data of a rule (NFTNL_UDATA_RULE_COMMENT).
constexpr char kUserDataComment = 0;
// nft's tag in the user data of a set (NFTNL_UDATA_SET_KEYBYTEORDER) for how it prints keys, and
// its number for the order of this machine (BYTEORDER_HOST_ENDIAN).
constexpr char kUserDataKeyOrder = 0;
constexpr std::uint32_t kHostOrder = 1;
// nft packs the types of a concatenation into 6 bits each (TYPE_BITS).
constexpr std::uint32_t kNftTypeBits = 6;

std::string named(const char* what, const std::string& name, const std::string& table) {
  return std::string(what) + " " + name + (table.empty() ? "" : " of table inet " + table);
}

Change change(nf_tables_msg_types type, std::uint16_t flags, std::string what) {
  return {static_cast<std::uint8_t>(type), flags, {}, std::move(what)};
}

// The shortest there is; the kernel counts in jiffies.
constexpr std::chrono::milliseconds kAtOnce{1};

// `lasts`: 0: for good.
void write_element(Attributes& list, const Element& written,
                   std::chrono::milliseconds lasts = std::chrono::milliseconds(0)) {
  list.nest(NFTA_LIST_ELEM, [&](Attributes& element) {
    element.nest(NFTA_SET_ELEM_KEY,
                 [&](Attributes& data) { data.bytes(NFTA_DATA_VALUE, written.key); });
    if (lasts.count() > 0) {
      const std::uint64_t time = htobe64(static_cast<std::uint64_t>(lasts.count()));
      element.bytes(NFTA_SET_ELEM_TIMEOUT,
                    std::string(reinterpret_cast<const char*>(&time), sizeof time));
    }
    if (written.verdict) {
      element.nest(NFTA_SET_ELEM_DATA, [&](Attributes& data) { written.verdict->write(data); });
    }
  });
  if (written.end) {
    list.nest(NFTA_LIST_ELEM, [&](Attributes& end) {
      end.nest(NFTA_SET_ELEM_KEY,
               [&](Attributes& data) { data.bytes(NFTA_DATA_VALUE, *written.end); });
      end.number(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
    });
  }
}

Change of_elements(Change made, const Set& set, const Attributes& list) {
  made.attributes.text(NFTA_SET_ELEM_LIST_TABLE, set.table);
  made.attributes.text(NFTA_SET_ELEM_LIST_SET, set.name);
  made.attributes.nest(NFTA_SET_ELEM_LIST_ELEMENTS, list);
  return made;
}

Change of_chain(Change made, const std::string& table, const std::string& name) {
  made.attributes.text(NFTA_CHAIN_TABLE, table);
  made.attributes.text(NFTA_CHAIN_NAME, name);
  return made;
}

}  // namespace

Change ensure_table(const std::string& table) {
  Change made = change(NFT_MSG_NEWTABLE, NLM_F_CREATE, "add table inet " + table);
  made.attributes.text(NFTA_TABLE_NAME, table);
  made.attributes.number(NFTA_TABLE_FLAGS, 0);  // wakes one that somebody made dormant
  return made;
}

Change delete_table(const std::string& table) {
  Change made = change(NFT_MSG_DELTABLE, 0, "delete table inet " + table);
  made.attributes.text(NFTA_TABLE_NAME, table);
  made.ok_if_gone = true;
  return made;
}

Change ensure_chain(const BaseChain& chain) {
  if (chain.type.empty()) {
    return ensure_chain(chain.table, chain.name);
  }
  Change made = of_chain(
      change(NFT_MSG_NEWCHAIN, NLM_F_CREATE, named("add base chain", chain.name, chain.table)),
      chain.table, chain.name);
  made.attributes.nest(NFTA_CHAIN_HOOK, [&chain](Attributes& hook) {
    hook.number(NFTA_HOOK_HOOKNUM, chain.hook);
    hook.number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  });
  made.attributes.text(NFTA_CHAIN_TYPE, chain.type);
  made.attributes.number(NFTA_CHAIN_POLICY, NF_ACCEPT);
  return made;
}

Change ensure_chain(const std::string& table, const std::string& name) {
  return of_chain(change(NFT_MSG_NEWCHAIN, NLM_F_CREATE, named("add chain", name, table)), table,
                  name);
}

Change flush_chain(const std::string& table, const std::string& name) {
  Change made = change(NFT_MSG_DELRULE, 0, named("flush chain", name, table));
  made.attributes.text(NFTA_RULE_TABLE, table);
  made.attributes.text(NFTA_RULE_CHAIN, name);
  return made;
}

Change delete_chain(const std::string& table, const std::string& name) {
  Change made =
      of_chain(change(NFT_MSG_DELCHAIN, 0, named("delete chain", name, table)), table, name);
  made.ok_if_gone = true;
  return made;
}

std::string Rule::tag() const {
  std::array<char, 12> hash{};
  (void)std::snprintf(hash.data(), hash.size(), " #%08x",
                      static_cast<std::uint32_t>(base::hash64(expressions.attributes().data())));
  return comment + hash.data();
}

Change append_rule(const std::string& table, const std::string& chain, const Rule& rule) {
  const std::string tag = rule.tag();
  assert(tag.size() <= 110);  // nft prints at most 128 bytes
  Change made = change(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
                       "add rule \"" + rule.comment + "\" to " + named("chain", chain, table));
  made.attributes.text(NFTA_RULE_TABLE, table);
  made.attributes.text(NFTA_RULE_CHAIN, chain);
  made.attributes.nest(NFTA_RULE_EXPRESSIONS, rule.expressions.attributes());
  std::string user_data{kUserDataComment, static_cast<char>(tag.size() + 1)};
  made.attributes.bytes(NFTA_RULE_USERDATA, user_data + tag + '\0');
  return made;
}

Field address_field(base::Family family) {
  return family == base::Family::kIpv4 ? kIpv4Field : kIpv6Field;
}

std::uint32_t Set::key_type() const {
  std::uint32_t type = 0;
  for (const Field& field : key) {
    type = type << kNftTypeBits | field.nft_type;
  }
  return type;
}

std::uint32_t Set::key_size() const {
  std::uint32_t size = 0;
  for (const Field& field : key) {
    size += field.size;
  }
  return size;
}

Change ensure_set(const Set& set) {
  assert(!set.key.empty() && (!set.interval || set.key.size() == 1));
  Change made = change(NFT_MSG_NEWSET, NLM_F_CREATE,
                       named(set.verdicts ? "add map" : "add set", set.name, set.table));
  std::uint32_t flags = 0;
  flags |= set.interval ? std::uint32_t{NFT_SET_INTERVAL} : 0;
  flags |= set.verdicts ? std::uint32_t{NFT_SET_MAP} : 0;
  flags |= set.expiring ? std::uint32_t{NFT_SET_TIMEOUT} : 0;
  Attributes& attributes = made.attributes;
  attributes.text(NFTA_SET_TABLE, set.table);
  attributes.text(NFTA_SET_NAME, set.name);
  attributes.number(NFTA_SET_FLAGS, flags);
  attributes.number(NFTA_SET_KEY_TYPE, set.key_type());
  attributes.number(NFTA_SET_KEY_LEN, set.key_size());
  attributes.number(NFTA_SET_ID, 1);  // obligatory; our rules name their sets
  if (set.key.front().host_order) {
    std::string user_data{kUserDataKeyOrder, sizeof kHostOrder};
    user_data.append(reinterpret_cast<const char*>(&kHostOrder), sizeof kHostOrder);
    attributes.bytes(NFTA_SET_USERDATA, user_data);
  }
  if (set.verdicts) {
    attributes.number(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
  }
  return made;
}

Change delete_set(const std::string& table, const std::string& name) {
  Change made = change(NFT_MSG_DELSET, 0, named("delete set", name, table));
  made.attributes.text(NFTA_SET_TABLE, table);
  made.attributes.text(NFTA_SET_NAME, name);
  made.ok_if_gone = true;
  return made;
}

Change flush_set(const std::string& table, const std::string& name) {
  Change made = change(NFT_MSG_DELSETELEM, 0, named("flush set", name, table));
  made.attributes.text(NFTA_SET_ELEM_LIST_TABLE, table);
  made.attributes.text(NFTA_SET_ELEM_LIST_SET, name);
  return made;
}

Change ensure_counter(const std::string& table, const std::string& name) {
  Change made = change(NFT_MSG_NEWOBJ, NLM_F_CREATE, named("add counter", name, table));
  made.attributes.text(NFTA_OBJ_TABLE, table);
  made.attributes.text(NFTA_OBJ_NAME, name);
  made.attributes.number(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
  made.attributes.nest(NFTA_OBJ_DATA, [](Attributes& zero) { (void)zero; });
  return made;
}

std::string key_of(const base::IpAddress& address) {
  return {reinterpret_cast<const char*>(address.data()), address.size()};
}

std::string key_of_interface(const std::string& name) {
  assert(name.size() < kInterfaceField.size);
  std::string key = name;
  key.resize(kInterfaceField.size);
  return key;
}

std::string key_of(const base::Mac& mac) {
  std::string key(reinterpret_cast<const char*>(mac.bytes.data()), mac.bytes.size());
  key.resize(kMacField.size);
  return key;
}

std::vector<Change> add_elements(const Set& set, const std::vector<Element>& elements) {
  std::vector<Change> changes;
  Attributes list;
  const auto finish_message = [&] {
    changes.push_back(of_elements(
        change(NFT_MSG_NEWSETELEM, NLM_F_CREATE, named("add elements to set", set.name, set.table)),
        set, list));
    list = {};
  };
  for (const Element& element : elements) {
    if (list.data().size() > kElementsSize) {
      finish_message();
    }
    write_element(list, element);
  }
  if (!list.data().empty()) {
    finish_message();
  }
  return changes;
}

std::vector<Change> expire_elements(const Set& set, const std::vector<Element>& elements) {
  return expire_elements_after(kAtOnce, set, elements);
}

std::vector<Change> expire_elements_after(std::chrono::milliseconds time, const Set& set,
                                          const std::vector<Element>& elements) {
  std::vector<Change> changes;
  for (const Element& element : elements) {
    Attributes list;
    write_element(list, element, time);
    Change made = of_elements(change(NFT_MSG_NEWSETELEM, NLM_F_CREATE,
                                     named("expire an element of set", set.name, set.table)),
                              set, list);
    made.ok_if_gone = true;
    changes.push_back(std::move(made));
  }
  return changes;
}

std::vector<Change> delete_elements(const Set& set, const std::vector<Element>& elements) {
  std::vector<Change> changes;
  for (const Element& element : elements) {
    Attributes list;
    write_element(list, {element.key, element.end, std::nullopt});
    Change made = of_elements(
        change(NFT_MSG_DELSETELEM, 0, named("delete an element of set", set.name, set.table)), set,
        list);
    made.ok_if_gone = true;
    changes.push_back(std::move(made));
  }
  return changes;
}

}  // namespace catena::firewall
