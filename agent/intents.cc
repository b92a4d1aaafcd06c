#include "agent/intents.h"

#include <charconv>

namespace catena::agent {

std::string parameter(const ipam::Intent& intent, const std::string& name) {
  const auto found = intent.parameters.find(name);
  return found == intent.parameters.end() ? std::string() : found->second;
}

int number_in(const ipam::Intent& intent, const std::string& name) {
  const std::string text = parameter(intent, name);
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string value_of(const std::vector<cloud::Tag>& tags, std::string_view key) {
  for (const cloud::Tag& tag : tags) {
    if (tag.key == key) {
      return tag.value;
    }
  }
  return {};
}

bool is_young(const Duty& duty, const ipam::Intent& intent) {
  return duty.wall() - intent.since < kTokenLife;
}

base::Status end(Duty& duty, const ipam::Intent& intent, ipam::CloudChange change) {
  change.drop_intents.push_back(intent.key);
  return duty.store().change(change).context("write down the end of " + intent.action);
}

}  // namespace catena::agent
