// `table inet catena`: all that the suite keeps in nf_tables. Made by whoever needs it first, in
// one transaction with its chains and rules; never deleted while the node runs, nor are its base
// chains, sets and maps. Spoken to by netlink alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/marks.h"

struct nl_sock;

namespace catena::firewall {

// A pod's interface on the host with an address that it may use.
struct Entry {
  std::string if_name;
  base::IpAddress address;
  auto operator<=>(const Entry&) const = default;
};

// A pod that gets a link.
struct Admission {
  std::vector<Entry> entries;  // that the guard lets through; none until its policy is in place
  std::vector<base::IpAddress> addresses;
  int slot = 0;  // of the ENI that they leave by; 0: they are not marked
};

// A pod that is masqueraded, with the set that says so.
struct Masqueraded {
  std::string set;
  base::IpAddress address;
  auto operator<=>(const Masqueraded&) const = default;
};

// The node's own addresses: what a pod with a NIC of its own knows it by.
struct NodeAddresses {
  std::optional<base::IpAddress> ipv4;
  std::optional<base::IpAddress> ipv6;
};

struct CloseSocket {
  void operator()(nl_sock* socket) const;
};

// To nf_tables of the calling thread's namespace, where it stays. kUnsupported, naming the kernel
// options, where the kernel has none.
base::Result<std::unique_ptr<nl_sock, CloseSocket>> open_socket();

// One nfnetlink socket of the calling thread's namespace at the time of open(). One thread at a
// time.
// After leave() and stop_masquerade() the kernel frees what was removed in the background, and the
// closing of any nfnetlink socket waits for that (an RCU grace period, 15 ms measured), holding up
// every other change meanwhile. A DEL that forgets first, then deletes the link, then leaves has
// nothing left to remove by the time it leaves, and waits for nothing.
class Table {
 public:
  // kUnsupported, naming the kernel options, where the kernel has no nf_tables.
  static base::Result<Table> open();

  // The guard (docs/firewall.md): what an interface named `ctn*` carries, in either direction, is
  // dropped unless (interface, address) was entered; ICMPv6 133 to 137 is exempt. Afterwards it is
  // there, whatever was there before, rules flushed by somebody else included. Entries are entered
  // in the same transaction. Idempotent.
  base::Status ensure_guard(const std::vector<Entry>& entries_to_add = {});
  // The same for a NIC of a pod's own, inside the pod's namespace: what it carries, in either
  // direction, is dropped unless (NIC, the pod's address) was entered. Holds for the name, also
  // before there is such a link. The calls below are for its entries too.
  base::Status ensure_nic_guard(const std::string& if_name,
                                const std::vector<Entry>& entries_to_add = {});
  // Opens the guard for these; success when they are entered already. kNotFound when there is no
  // guard.
  base::Status enter(const std::vector<Entry>& entries);
  // Success when they are not entered, and when there is no table.
  base::Status leave(const std::vector<Entry>& entries);
  // Lets those that are entered expire within some milliseconds: for pods that are being taken
  // down. Success when they are not entered, when there is no table, and where the kernel
  // (before 6.12) cannot do it.
  base::Status forget(const std::vector<Entry>& entries);
  // Whether the guard's sets, chains and rules are all in place. Changes nothing.
  base::Result<bool> has_guard();
  base::Result<bool> has_nic_guard(const std::string& if_name);
  base::Result<bool> is_entered(const Entry& entry);
  // Every entry; for garbage collection and commands.
  base::Result<std::vector<Entry>> entries();

  // Masquerade: what `pods` send to anywhere but `keep` and other pods of this node leaves with the
  // node's address. Pods that share a list of kept networks share its set and its rule. With
  // `marks`, for pods whose packets leave by ENIs: what is masqueraded leaves by none.
  base::Status masquerade(const std::vector<base::IpAddress>& pods,
                          const std::vector<base::Prefix>& keep,
                          const std::optional<MarkSettings>& marks = std::nullopt);
  // Success when they are in no set, and when there is no table.
  base::Status stop_masquerade(const std::vector<base::IpAddress>& pods,
                               const std::vector<base::Prefix>& keep);
  // As forget().
  base::Status forget_masquerade(const std::vector<base::IpAddress>& pods,
                                 const std::vector<base::Prefix>& keep);
  base::Result<bool> is_masqueraded(const base::IpAddress& pod,
                                    const std::vector<base::Prefix>& keep,
                                    const std::optional<MarkSettings>& marks = std::nullopt);

  // Every masqueraded pod, of whatever list; for garbage collection and commands.
  base::Result<std::vector<Masqueraded>> masqueraded();
  // Success when they are in no set any more.
  base::Status stop_masquerade(const std::vector<Masqueraded>& pods);

  // Marks (docs/firewall.md): what marked pods send carries the slot of their ENI in the field of
  // the packet mark, unless the connection came to them by another way or is masqueraded by
  // kube-proxy. Afterwards the chains are there and whole. Idempotent; kUnsupported where the
  // kernel lacks something for it.
  base::Status ensure_marks(const MarkSettings& marks);
  // ensure_marks, and the pods get `slot` (1 to 254) instead of any other: one transaction.
  base::Status mark(const std::vector<base::IpAddress>& pods, int slot, const MarkSettings& marks);
  // Success when they are not marked, and when there is no table.
  base::Status unmark(const std::vector<base::IpAddress>& pods);
  // As forget().
  base::Status forget_marks(const std::vector<base::IpAddress>& pods);
  // Whether the chains are whole, slots' chains not counted. Changes nothing.
  base::Result<bool> has_marks(const MarkSettings& marks);
  // Whether ensure_marks was here with that mask: one look-up, where has_marks makes several.
  base::Result<bool> knows_marks(const MarkSettings& marks);
  // Whether the pod has that slot and the slot's chain is whole.
  base::Result<bool> is_marked(const Marked& pod, const MarkSettings& marks);
  // ensure_guard and mark in one look and one transaction.
  base::Status admit(const Admission& pod, const MarkSettings& marks);
  // Every marked pod; for garbage collection and commands.
  base::Result<std::vector<Marked>> marked();
  // Links from the node to pods that have a NIC of their own (docs/firewall.md). Such a pod's
  // addresses are to be marked too. What leaves by one gets the node's address as its source: the
  // VPC would not take what the pod answers to anybody else's.
  base::Status add_host_link(const std::string& if_name, const NodeAddresses& node,
                             const MarkSettings& marks);
  // Success when it is not there, and when there is no table.
  base::Status remove_host_link(const std::string& if_name);
  // As forget().
  base::Status forget_host_link(const std::string& if_name);
  // Whether it is there and its chains are whole. Changes nothing.
  base::Result<bool> has_host_link(const std::string& if_name, const NodeAddresses& node,
                                   const MarkSettings& marks);
  // Every one; for garbage collection and commands.
  base::Result<std::vector<std::string>> host_links();

  // Success when this kernel can do all that ensure_marks needs: tried in a table that is never
  // seen. kUnsupported otherwise.
  base::Status can_mark();

 private:
  explicit Table(std::unique_ptr<nl_sock, CloseSocket> socket) : socket_(std::move(socket)) {}
  base::Result<std::vector<Entry>> those_entered(const std::vector<Entry>& entries);
  std::unique_ptr<nl_sock, CloseSocket> socket_;
};

// Table::enter() in the calling thread's namespace, for pods whose plugin may have made no guard:
// success where there is none, or no nf_tables.
base::Status enter_where_guarded(const std::vector<Entry>& entries);

}  // namespace catena::firewall
