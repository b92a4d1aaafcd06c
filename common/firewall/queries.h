// Questions to nf_tables and its answers. Internal to this folder.
#pragma once

#include <cstdint>
#include <endian.h>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/base/result.h"
#include "common/firewall/attributes.h"
#include "common/firewall/netfilter.h"

struct nl_sock;

namespace catena::firewall {

// The attributes of one level, by type; those above `kMost` are newer than this code.
template <int kMost>
class Parsed {
 public:
  explicit Parsed(nlmsghdr* message) {
    nla_parse(found_, kMost, nlmsg_attrdata(message, sizeof(nfgenmsg)),
              nlmsg_attrlen(message, sizeof(nfgenmsg)), nullptr);
  }
  explicit Parsed(nlattr* nest) {
    if (nest != nullptr) {
      nla_parse_nested(found_, kMost, nest, nullptr);
    }
  }
  nlattr* operator[](int type) const { return found_[type]; }
  std::string text(int type) const {
    return found_[type] == nullptr ? std::string() : nla_get_string(found_[type]);
  }
  std::optional<std::uint32_t> number(int type) const {
    if (found_[type] == nullptr || nla_len(found_[type]) < int(sizeof(std::uint32_t))) {
      return std::nullopt;
    }
    return be32toh(nla_get_u32(found_[type]));
  }

 private:
  nlattr* found_[std::size_t{kMost} + 1] = {};
};

bool is_message(const nlmsghdr* message, nf_tables_msg_types type);
// Empty where there is no such attribute.
std::string_view bytes_of(nlattr* attribute);

struct Question {
  nf_tables_msg_types type;
  Attributes attributes;
};

using Listener = std::function<void(nlmsghdr*)>;

// Questions for one object each, sent together. False where one of them is not there.
base::Result<bool> ask(nl_sock* socket, const std::vector<Question>& questions,
                       const std::string& what, const Listener& listener);

// What a dump fills. `start_over` comes before each reading.
struct Reader {
  std::function<void()> start_over;
  Listener listener;
  // Whether a reading that was interrupted says enough all the same. Null: none does.
  std::function<bool()> is_enough;
};

// Nothing is read where what holds the objects is not there.
base::Status dump(nl_sock* socket, const Question& question, const std::string& what,
                  const Reader& reader);

// The comment in nft's user data: type, length, text with NUL.
std::string comment_in(std::string_view user_data);

}  // namespace catena::firewall
