// One change asked of the kernel by rtnetlink: a message and the words that name it in errors.
// Made by the functions of link.h, address.h, route.h, rule.h, neighbour.h; sent by Socket::send.
#pragma once

#include <memory>
#include <string>

struct nl_msg;

namespace catena::netlink {

struct FreeMessage {
  void operator()(nl_msg* message) const;
};

struct Request {
  // Null when what was asked does not fit a message; sending it is then an error.
  std::unique_ptr<nl_msg, FreeMessage> message;
  // "add route 10.1.0.5/32 dev ctn1a2b3c4d5e6f": what an error begins with.
  std::string what;
  // The request is met when the object is there already (EEXIST) or gone already (ENODEV, ESRCH,
  // ENOENT, EADDRNOTAVAIL), or when kernel or link do without its address family (EAFNOSUPPORT).
  bool ok_if_exists = false;
  bool ok_if_gone = false;
  bool ok_if_no_family = false;
  // What the kernel lacks when it knows no such kind of thing (ENOENT, EOPNOTSUPP):
  // "CONFIG_NET_SCH_TBF (module sch_tbf)". Empty: those errors are what they are.
  std::string needs;
};

// The number of rtm_protocol, FRA_PROTOCOL and NDA_PROTOCOL by which garbage collection knows our
// own routes, rules and neighbours. 0xCA is free in iproute2's rt_protos.
inline constexpr unsigned char kProtocol = 0xCA;

}  // namespace catena::netlink
