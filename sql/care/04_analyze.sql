-- What was loaded has no statistics, without which plans of queries are guesses.

ANALYZE;
