// ENIs, intents and routes as the journal's JSON text.
#pragma once

#include <optional>
#include <string_view>

#include "common/ipam/cloud.h"
#include "common/ipam/record.h"

namespace catena::ipam {

inline constexpr std::string_view kEniKind = "eni";
inline constexpr std::string_view kIntentKind = "intent";
inline constexpr std::string_view kRouteKind = "route";

// `earlier` is the text this one replaces, or empty: its fields that this release does not know are
// kept.
Entry to_entry(const Eni& eni, std::string_view earlier);
Entry to_entry(const Intent& intent, std::string_view earlier);
Entry to_entry(const Route& route, std::string_view earlier);

// Nothing when `entry` is no such record, or not one this release can read.
std::optional<Eni> eni_in(const Entry& entry);
std::optional<Intent> intent_in(const Entry& entry);
std::optional<Route> route_in(const Entry& entry);

}  // namespace catena::ipam
