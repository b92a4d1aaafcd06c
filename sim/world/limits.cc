#include "sim/world/limits.h"

#include <algorithm>
#include <set>

#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

constexpr std::size_t kTagKeyMost = 128;
constexpr std::size_t kTagValueMost = 128;
constexpr std::size_t kNameLeast = 2;
constexpr std::size_t kNameMost = 128;

// Of UTF-8: every byte that does not continue a character.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
  }));
}

bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         static_cast<unsigned char>(byte) >= 0x80;  // of a Chinese character, for one
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

bool may_be_in_name(char byte) {
  return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '.' || byte == ':' ||
         byte == '_' || byte == '-';
}

Check check_tag(const std::string& key, const std::string& value) {
  const bool reserved = key.starts_with("aliyun") || key.starts_with("acs:");
  if (key.empty() || characters(key) > kTagKeyMost || reserved ||
      key.find("http://") != std::string::npos || key.find("https://") != std::string::npos) {
    return Refusal{400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."};
  }
  if (characters(value) > kTagValueMost || value.starts_with("acs:") ||
      value.find("http://") != std::string::npos || value.find("https://") != std::string::npos) {
    return Refusal{400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid."};
  }
  return {};
}

std::string field(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

// Private addresses, each prefix counted as one, of the ENIs in the group.
std::int64_t addresses_in(const State& state, const std::string& group) {
  std::size_t count = 0;
  for (const auto& [id, eni] : state.enis) {
    if (std::find(eni.groups.begin(), eni.groups.end(), group) != eni.groups.end()) {
      count += eni.ipv4.size() + eni.ipv4_prefixes.size();
    }
  }
  return static_cast<std::int64_t>(count);
}

}  // namespace

Check check_name(std::string_view parameter, const std::string& name) {
  if (name.empty()) {
    return {};
  }
  const std::size_t length = characters(name);
  if (length < kNameLeast || length > kNameMost || !is_letter(name.front()) ||
      !std::all_of(name.begin(), name.end(), may_be_in_name)) {
    return bad_parameter(parameter);
  }
  return {};
}

Check check_description(const std::string& text, std::size_t most) {
  const std::size_t length = characters(text);
  if (!text.empty() && (length < 2 || length > most || is_url(text))) {
    return bad_parameter("Description");
  }
  return {};
}

Outcome<Tags> tags_of(const State& state, const Params& params) {
  Tags tags;
  std::set<std::string> keys;
  for (const auto& fields : params.objects("Tag")) {
    const std::string key = field(fields, "Key");
    const std::string value = field(fields, "Value");
    TRY(check_tag(key, value));
    if (!keys.insert(key).second) {
      return Refusal{400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."};
    }
    tags.emplace_back(key, value);
  }
  if (tags.size() > static_cast<std::size_t>(state.scene.limits.tags)) {
    return Refusal{403, "QuotaExceed.Tags", "The number of tags exceeds the limit."};
  }
  return tags;
}

bool has_tags(const Tags& has, const Params& params) {
  for (const auto& fields : params.objects("Tag")) {
    const std::string key = field(fields, "Key");
    const std::string value = field(fields, "Value");
    const bool found = std::any_of(has.begin(), has.end(), [&](const auto& tag) {
      return tag.first == key && (value.empty() || tag.second == value);
    });
    if (!found) {
      return false;
    }
  }
  return true;
}

Check check_groups(const State& state, const std::vector<std::string>& groups,
                   const std::string& vpc, std::int64_t addresses) {
  for (const std::string& id : groups) {
    const auto group = state.groups.find(id);
    if (group == state.groups.end()) {
      return Refusal{404, "InvalidSecurityGroupId.NotFound",
                     "The specified SecurityGroupId \"" + id + "\" is not found."};
    }
    if (group->second.vpc != vpc) {
      return vpc_mismatch();
    }
  }
  if (groups.size() > static_cast<std::size_t>(state.scene.limits.groups_per_eni)) {
    return Refusal{400, "JoinedGroupLimitExceed",
                   "The number of security groups that the ENI joins exceeds the limit."};
  }
  for (const std::string& id : groups) {
    const SceneLimits& limits = state.scene.limits;
    const int most = state.groups.at(id).enterprise ? limits.ips_per_enterprise_group
                                                    : limits.ips_per_basic_group;
    if (addresses > 0 && addresses_in(state, id) + addresses > most) {
      return Refusal{403, "SecurityGroupInstanceLimitExceed",
                     "The number of private addresses in the security group \"" + id +
                         "\" exceeds the limit."};
    }
  }
  return {};
}

}  // namespace catena::sim
