// Changes of nf_tables' objects, to be put into a Batch: tables, chains, rules, sets, maps and
// elements of the inet family.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/firewall/batch.h"
#include "common/firewall/expressions.h"

namespace catena::firewall {

Change ensure_table(const std::string& table);
Change delete_table(const std::string& table);

// Its policy is accept.
struct BaseChain {
  std::string table;
  std::string name;
  std::string type;           // "filter" or "nat"; empty: no base chain, others lead to it
  std::uint32_t hook = 0;     // NF_INET_*
  std::int32_t priority = 0;  // among the chains of the hook; the lowest comes first
};

// kExists when there is a chain of that name with another type, hook or priority.
Change ensure_chain(const BaseChain& chain);
Change ensure_chain(const std::string& table, const std::string& name);
Change flush_chain(const std::string& table, const std::string& name);
Change delete_chain(const std::string& table, const std::string& name);

struct Rule {
  std::string comment;  // what `nft list` prints behind the rule; at most 100 characters
  Expressions expressions;

  // The comment as the kernel keeps it, with a hash of the expressions, by which the rule is known.
  std::string tag() const;
};

Change append_rule(const std::string& table, const std::string& chain, const Rule& rule);

// A field of a set's key, by nft's number for its type (which nft prints it by) and its bytes.
struct Field {
  std::uint32_t nft_type;
  std::uint32_t size;
  bool host_order = false;  // a number as this machine has it
};
inline constexpr Field kIpv4Field{7, 4};
inline constexpr Field kIpv6Field{8, 16};
inline constexpr Field kInterfaceField{41, 16};
inline constexpr Field kMarkField{19, 4, true};
inline constexpr Field kProtocolField{12, 4};  // 1 byte, filled up with NUL to a whole slot
inline constexpr Field kPortField{13, 4};      // 2 bytes, likewise
inline constexpr Field kMacField{9, 8};        // 6 bytes, filled up with NUL to whole slots
Field address_field(base::Family family);

struct Set {
  std::string table;
  std::string name;
  std::vector<Field> key;  // several: a concatenation
  bool interval = false;   // of one field only
  bool verdicts = false;   // a map from keys to verdicts
  bool expiring = false;   // elements can be made to expire

  // As nft packs the fields' types.
  std::uint32_t key_type() const;
  std::uint32_t key_size() const;
};

// kExists when there is a set of that name with another key or flags.
Change ensure_set(const Set& set);
Change delete_set(const std::string& table, const std::string& name);

// Leaves the set empty.
Change flush_set(const std::string& table, const std::string& name);

// A counter that rules of the table count packets in; one that is there goes on counting.
Change ensure_counter(const std::string& table, const std::string& name);

struct Element {
  std::string key;  // fields one behind the other, in network order
  // Interval sets: the first key behind the interval; absent where that reaches the last key there
  // is.
  std::optional<std::string> end;
  std::optional<Verdict> verdict;  // of maps

  bool operator==(const Element& other) const { return key == other.key && end == other.end; }
};

// The bytes of a key's field; a name is filled up with NUL.
std::string key_of(const base::IpAddress& address);
std::string key_of_interface(const std::string& name);
std::string key_of(const base::Mac& mac);

// Adding what is there already is success, but EBUSY where a map
// has another verdict for it. As many messages as the elements need; none for none.
std::vector<Change> add_elements(const Set& set, const std::vector<Element>& elements);
// Makes elements that are there expire after `time`, at least a clock tick, which is not a
// deletion: closing a socket waits for nothing afterwards. One that is not there is made, and
// expires too. Kernels before 6.12 change nothing.
std::vector<Change> expire_elements_after(std::chrono::milliseconds time, const Set& set,
                                          const std::vector<Element>& elements);
// At once.
std::vector<Change> expire_elements(const Set& set, const std::vector<Element>& elements);
// One message an element, so that one that is gone does not keep the others.
std::vector<Change> delete_elements(const Set& set, const std::vector<Element>& elements);

}  // namespace catena::firewall
