/* Native tokens, from the registry of the Digital Token Identifier Foundation as of 2026-04-24 (the
 * copy that the package digital_token ships). The entry of the token itself, not of its group of
 * equivalents. */
#include "engine/identifier/dti.h"

const char dti_table_date[] = "2026-04-24";
const struct dti dti_table[] = {
    {"ADA", "HWGL1C2CK"}, {"AVAX", "M3Z631TN4"}, {"BCH", "J9K583ZGG"}, {"BSV", "2L8HS2MNP"},
    {"BTC", "4H95J0R2X"}, {"DOGE", "820B7G1NL"}, {"DOT", "P5B46MFPP"}, {"ETH", "X9J9K872S"},
    {"LTC", "WTX0G7K46"}, {"POL", "RQWW6J6K0"},  {"SOL", "20J63Z4N3"}, {"TON", "QBZLT5MT1"},
    {"TRX", "993D8X1FB"}, {"XLM", "C4SRNZD8K"},  {"XMR", "24VV95T9F"}, {"XRP", "L6GTZC9G4"},
    {"ZEC", "3DHMJ5Q02"},
};
const size_t dti_table_count = sizeof dti_table / sizeof dti_table[0];
