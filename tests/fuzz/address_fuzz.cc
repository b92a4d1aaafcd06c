// Addresses, prefixes and MACs: what is read is printed in a form that is read as the same.
#include "common/base/ip.h"
#include "common/base/mac.h"
#include "tests/fuzz/fuzz.h"

namespace {

using catena::base::IpAddress;
using catena::base::Mac;
using catena::base::Prefix;
using catena::fuzz::must;

void try_address(std::string_view text) {
  const auto ip = IpAddress::parse(text);
  if (!ip.ok()) {
    return;
  }
  must(IpAddress::parse(ip->to_string()).value() == *ip, "address reads back");
  must(ip->plus(1).minus_one() == *ip, "plus and minus cancel");
  if (*ip < ip->plus(1)) {
    must(catena::base::count_between(*ip, ip->plus(1)) == 2, "two neighbours are two");
  }
}

void try_prefix(std::string_view text) {
  const auto prefix = Prefix::parse_or_host(text);
  if (!prefix.ok()) {
    must(!Prefix::parse(text).ok(), "a prefix is a prefix or a host");
    return;
  }
  must(Prefix::parse(prefix->to_string()).value() == *prefix, "prefix reads back");
  must(prefix->contains(prefix->address()), "a prefix holds its address");
  must(prefix->contains(prefix->network()) && prefix->contains(prefix->last()), "and its ends");
  must(prefix->overlaps(*prefix), "and overlaps itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = catena::fuzz::text_of(data, size);
  try_address(text);
  try_prefix(text);
  if (const auto mac = Mac::parse(text); mac.ok()) {
    must(Mac::parse(mac->to_string()).value() == *mac, "MAC reads back");
  }
  return 0;
}
