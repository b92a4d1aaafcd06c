// What a VPC lets in from its ENIs: nf_tables of the VPC's own namespace. A packet needs the ENI's
// MAC as its sender and a source that the VPC would route back to that ENI.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/netlink/netns.h"

namespace catena::sim {

// Packets dropped since the start.
struct Drops {
  std::uint64_t foreign_mac = 0;     // sender's MAC is not the ENI's
  std::uint64_t foreign_source = 0;  // source is no address of the ENI, nor routed to it
  std::uint64_t unroutable = 0;      // no such address in the VPC, or a route entry's black hole
};

// The VPC's end of an ENI.
struct FilteredPort {
  std::string name;
  base::Mac mac;
  bool source_check = true;
};

// One thread at a time.
class VpcFilter {
 public:
  // In the namespace `vpc`, which has no rules yet. What goes out by the link `void_name` counts as
  // unroutable and is dropped; what links whose names begin so say themselves is dropped too.
  // kUnsupported where the kernel lacks nf_tables or its fib expression.
  static base::Result<VpcFilter> create(const netlink::NetNs& vpc, const std::string& void_name);

  base::Status add_port(const FilteredPort& port);
  base::Status remove_port(const FilteredPort& port);
  base::Result<Drops> drops();

 private:
  using Socket = std::unique_ptr<nl_sock, firewall::CloseSocket>;
  explicit VpcFilter(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

}  // namespace catena::sim
