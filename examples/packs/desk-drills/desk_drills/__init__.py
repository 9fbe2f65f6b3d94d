"""The pack desk-drills: task families in Python for SelfTrain."""
