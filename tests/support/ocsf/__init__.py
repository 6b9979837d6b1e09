"""OCSF's compiled schema of the class Entity Management, and a validator that holds records against all of it."""
