"""What a deployment costs a month: measured units, dated prices, and a load."""
