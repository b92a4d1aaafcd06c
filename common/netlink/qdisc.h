// Queueing disciplines: token buckets at the root of a link, and the hook for what it receives.
#pragma once

#include <cstdint>
#include <string>

#include "common/netlink/link.h"
#include "common/netlink/request.h"

namespace catena::netlink {

struct Bucket {
  std::uint64_t rate = 0;   // bytes per second, at least 1
  std::uint32_t burst = 0;  // bytes, at least 1
};

// A class or qdisc by its two numbers, "major:minor".
struct Handle {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  bool operator==(const Handle&) const = default;
};

struct Tbf {
  Bucket bucket;
  std::uint32_t limit = 0;  // bytes that may wait
};

// The root qdisc of the link. What is there already is replaced; one of the same kind and number is
// changed in place, and no packet in it is lost. kUnsupported names what the kernel lacks.
Request set_root_tbf(const Link& link, std::uint16_t major, const Tbf& tbf);
// An htb of that number can't be changed (EINVAL): its classes can.
// Packets that no filter gives a class go into class `default_minor` or, when that is 0, out at
// once, as do those that a filter sends to `major`:0.
Request set_root_htb(const Link& link, std::uint16_t major, std::uint16_t default_minor);
// A class right below the root, with a bfifo in it; made or changed in place.
Request set_htb_class(const Link& link, Handle handle, const Bucket& bucket);
Request set_class_bfifo(const Link& link, Handle parent, std::uint32_t limit);
// The hook for filters on what the link receives; also ok when there is one, of this kind or
// clsact.
Request add_ingress_hook(const Link& link);

// Of that number; an error when the root is another one.
Request delete_root_qdisc(const Link& link, std::uint16_t major);
// With all filters in it. Also ok when there is none.
Request delete_ingress_hook(const Link& link);

// Where a qdisc hangs.
enum class Place { kRoot, kIngress };

// What the kernel says of a qdisc or class. Its bucket comes back as a time, not as bytes.
struct Qdisc {
  std::string kind;
  Handle handle;
  std::uint64_t rate = 0;    // tbf, class of htb: bytes per second
  std::uint32_t buffer = 0;  // the same: how long the burst takes, in units of 64 ns
  std::uint32_t limit = 0;   // tbf, bfifo: bytes
};

// Whether a qdisc or class was set with this bucket. The kernel keeps the lowest 32 bits of a
// buffer, and rounds: two that are told apart differ by more than a millionth.
bool has_bucket(const Qdisc& qdisc, const Bucket& bucket);

}  // namespace catena::netlink
