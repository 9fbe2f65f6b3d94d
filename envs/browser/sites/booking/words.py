"""Names that the content of the booking site is drawn from."""

_CITIES = """
Aldermoor Brackwell Carrowdale Dunmere Eastholm Fernleigh Garside Hollowick Inverbeck Kestrelton Larchfield Marlsport
Northwold Oakhaven Penbridge Quarrydon Ravensey Stonebury Thornaby Ulverfold Wexcombe Yarrowgate Ashcombe Beckhampton
Coldwater Dravenport Elmstead Foxhill Greyminster Harrowby
"""
_FIRST_NAMES = """
Ana Ben Clara David Elif Farid Greta Hugo Ines Jonas Karin Leo Mara Nils Olga Pavel Quinn Rosa Sami Tara Umut Vera Wen
Ximena Yusuf Zoe Amara Bruno Carla Dario Edith Felix Gina Henrik Ida Joel Kim Lena Milo Nora
"""
_SURNAMES = """
Lind Okafor Brandt Silva Novak Ferreira Haddad Keller Moreau Nakamura Olsen Petrov Quist Rossi Sato Tamm Ueda Varga
Weber Yilmaz Zeman Adeyemi Bergman Costa Dimitrov Egede Fischer Gruber Horvat Ibarra
"""
CITIES, FIRST_NAMES, SURNAMES = (tuple(words.split()) for words in (_CITIES, _FIRST_NAMES, _SURNAMES))
COMPANIES = ("Halden Instruments", "Orrin & Vale", "Tessel Foods")
OPERATORS = (("NorthRail", "NR"), ("Valley Express", "VX"), ("Coastway", "CW"), ("Intercity Direct", "ID"))
FACILITIES = ("Lifts", "Left luggage", "Waiting room", "Bicycle store", "Taxi stand", "Café", "Tourist office")
PURPOSES = ("Customer visit", "Trade fair", "Training", "Team meeting", "Customer outage", "Audit", "Interview")
GRADES = ("Analyst", "Specialist", "Manager", "Director")
