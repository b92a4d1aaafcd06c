// An rtnetlink socket of one namespace. Opened once per namespace; it stays there whatever the
// thread does later. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/netlink/address.h"
#include "common/netlink/link.h"
#include "common/netlink/neighbour.h"
#include "common/netlink/netns.h"
#include "common/netlink/request.h"
#include "common/netlink/route.h"
#include "common/netlink/rule.h"

namespace catena::netlink {

class Socket {
 public:
  // In the calling thread's namespace.
  static base::Result<Socket> open();
  static base::Result<Socket> open_in(const NetNs& netns);

  // Sends all requests in one sendmsg(2) (in several from 64 requests or 32 KiB on) and reads every
  // acknowledgement. The kernel carries out each by itself: one that fails does not stop those
  // behind it. Returns the first failure, named by the request's `what` with the kernel's extended
  // ack text, others appended. A kernel that does not answer within 5 s is an error (ETIMEDOUT).
  base::Status send(std::vector<Request> requests);
  base::Status send(Request request);

  // Look-ups of one object, no dump. kNotFound where there is none.
  base::Result<Link> find_link(const std::string& name);
  base::Result<Link> find_link(int index);
  // Where a packet to `destination` would go: the matching route itself, its prefix included
  // (RTM_F_FIB_MATCH). kNotFound where no route matches and where the matching one refuses the
  // packet (unreachable, blackhole, prohibit): the kernel then names no route. Sends nothing on the
  // wire. For an address of our own, `type` is RTN_LOCAL; the kernel may call its table main.
  base::Result<Route> matching_route(const base::IpAddress& destination);
  // As matching_route, but with the interface and the preferred source that the kernel would use.
  base::Result<Route> resolved_route(const base::IpAddress& destination);

  // Dumps, retried when they were interrupted (NLM_F_DUMP_INTR). For CHECK, GC and commands; not
  // for ADD and DEL, whose cost must not grow with what the node holds. kTryAgain after 3 s.
  base::Result<std::vector<Link>> list_links();
  // With their prefix lengths; IPv6 link-local ones too.
  base::Result<std::vector<base::Prefix>> list_addresses(const Link& link);
  // Of `table` only; every family.
  base::Result<std::vector<Route>> list_routes(std::uint32_t table = kMainTable);
  base::Result<std::vector<Rule>> list_rules();
  base::Result<std::vector<Neighbour>> list_neighbours(const Link& link);

 private:
  // A message of the kernel, header included.
  using Answer = std::vector<char>;

  explicit Socket(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::Status send_together(std::span<const Request> requests, class Failures& failures);
  // What the kernel says to a request of the RTM_GET* kind: all messages of a dump, or the one.
  base::Result<std::vector<Answer>> ask(const Request& request);
  base::Result<std::vector<Answer>> ask_once(const Request& request, bool& interrupted);
  base::Result<Link> find_link_by(const Request& request);
  base::Result<Route> find_route(const base::IpAddress& destination, unsigned flags);

  base::UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace catena::netlink
