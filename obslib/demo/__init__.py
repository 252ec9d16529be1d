"""Freedom Fashion: synthetic telemetry of a price-tracking shop, with known truth."""
