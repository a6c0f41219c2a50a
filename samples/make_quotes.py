"""Makes quotes.csv: two minutes of eight invented symbols, the same for every run."""

import random

SYMBOLS = {
    "ACME": 184.20, "GLOBEX": 42.75, "INITECH": 12.08, "HOOLI": 311.40,
    "UMBREL": 7.64, "STARKO": 96.15, "WAYNEX": 228.90, "TYRELL": 55.32,
}
START_MILLISECONDS = 1767605400000  # 2026-01-05T09:30:00Z
ROW_COUNT = 480

generator = random.Random(20260105)
prices = dict(SYMBOLS)
weights = [1 / rank for rank in range(1, len(SYMBOLS) + 1)]
time = START_MILLISECONDS
with open("quotes.csv", "w", newline="") as file:
    file.write("time,symbol,bid,ask,last,size\n")
    for row in range(ROW_COUNT):
        symbol = generator.choices(list(SYMBOLS), weights)[0]
        if row < len(SYMBOLS):  # Each symbol is seen once at the start.
            symbol = list(SYMBOLS)[row]
        prices[symbol] *= 1 + generator.gauss(0, 0.0006)
        bid = round(prices[symbol] * 0.9997, 2)
        ask = round(max(prices[symbol] * 1.0003, bid + 0.01), 2)
        last = generator.choice([bid, ask])
        size = generator.choice([1, 1, 1, 2, 3, 5, 10]) * 100
        file.write(f"{time},{symbol},{bid:.2f},{ask:.2f},{last:.2f},{size}\n")
        time += max(1, round(generator.expovariate(1 / 250)))
